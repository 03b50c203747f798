update inbox set closed = 0 where instance = @key
