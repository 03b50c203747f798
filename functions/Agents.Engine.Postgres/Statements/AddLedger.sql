-- Unlike SQLite's: under the fence.
insert into agents.ledger (key, instance, execution, task, tool, state, token, intent_at, settled_at, receipt, evidence)
select @key, @guard, @execution, @task, @tool, @state, @token, @intent_at, @settled_at, @receipt, @evidence
where exists (select 1 from agents.instances g where g.key = @guard and g.fence_xid = pg_current_xact_id() and g.fence_slot = @slot)
on conflict (key) do update
set execution = excluded.execution, task = excluded.task, tool = excluded.tool, state = excluded.state,
    token = excluded.token, intent_at = excluded.intent_at, settled_at = excluded.settled_at,
    receipt = excluded.receipt, evidence = excluded.evidence
