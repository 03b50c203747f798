-- Unlike SQLite's GenerationOf, AddExecution and OpenExecution: one statement, under the fence.
with opened as (
  insert into agents.executions (key, instance, execution_id, generation, seed)
  select nextval('agents.execution_keys'), i.key, @execution, e.generation + 1, @seed
  from agents.instances i join agents.executions e on e.key = i.execution
  where i.key = @guard and exists (select 1 from agents.instances g where g.key = @guard and g.fence_xid = pg_current_xact_id() and g.fence_slot = @slot)
  returning key, instance
)
update agents.instances i set execution = o.key, next_seq = 0 from opened o where i.key = o.instance returning o.key
