select key, execution_id, generation, parent, cut, seed from executions
where instance = @instance order by generation, key
