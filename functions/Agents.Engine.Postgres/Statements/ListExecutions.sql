-- As SQLite's.
select key, execution_id, generation, parent, cut, seed from agents.executions
where instance = @instance order by generation, key
