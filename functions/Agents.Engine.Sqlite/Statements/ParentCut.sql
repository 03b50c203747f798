select count(*) from executions e join instances i on i.key = e.instance where e.key = @key
