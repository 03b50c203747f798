delete from tags where instance = @instance
