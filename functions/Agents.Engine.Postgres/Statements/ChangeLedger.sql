-- Unlike SQLite's: under the fence; says whether a change that the fence let through was stale.
with held as (
  select 1 where exists (select 1 from agents.instances g where g.key = @guard and g.fence_xid = pg_current_xact_id() and g.fence_slot = @slot)
), changed as (
  update agents.ledger
  set execution = @execution, task = @task, tool = @tool, state = @state, token = @token, intent_at = @intent_at,
      settled_at = @settled_at, receipt = @receipt, evidence = @evidence
  where key = @key and token = @expected and exists (select 1 from held)
  returning key
)
select exists (select 1 from held) and not exists (select 1 from changed)
