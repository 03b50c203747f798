delete from executions where instance = @instance
