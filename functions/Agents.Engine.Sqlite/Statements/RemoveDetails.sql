delete from details where key = @key
