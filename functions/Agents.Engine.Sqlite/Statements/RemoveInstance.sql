delete from instances where key = @key
