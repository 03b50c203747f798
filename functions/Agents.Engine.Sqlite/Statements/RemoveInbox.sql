delete from inbox where instance = @instance
