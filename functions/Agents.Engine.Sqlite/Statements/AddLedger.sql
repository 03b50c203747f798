insert into ledger (key, instance, execution, task, tool, state, token, intent_at, settled_at, receipt, evidence)
values (@key, @instance, @execution, @task, @tool, @state, @token, @intent_at, @settled_at, @receipt, @evidence)
on conflict (key) do update
set execution = excluded.execution, task = excluded.task, tool = excluded.tool, state = excluded.state,
    token = excluded.token, intent_at = excluded.intent_at, settled_at = excluded.settled_at,
    receipt = excluded.receipt, evidence = excluded.evidence
