delete from inbox where id = @id and instance = @instance
