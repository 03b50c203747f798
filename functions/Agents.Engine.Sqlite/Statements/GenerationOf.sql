select generation from executions where key = @key
