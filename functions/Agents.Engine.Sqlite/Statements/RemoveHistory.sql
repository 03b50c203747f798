delete from history where execution in (select key from executions where instance = @instance)
