select key, execution_id, generation, parent, cut, seed from executions where key = @key
