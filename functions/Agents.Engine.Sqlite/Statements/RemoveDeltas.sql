delete from deltas where instance = @instance
