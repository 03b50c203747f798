update details set version = @version where key = @key
