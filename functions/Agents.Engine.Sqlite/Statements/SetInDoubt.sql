update details set in_doubt = @count where key = @key
