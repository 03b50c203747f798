update ledger
set execution = @execution, task = @task, tool = @tool, state = @state, token = @token, intent_at = @intent_at,
    settled_at = @settled_at, receipt = @receipt, evidence = @evidence
where key = @key and token = @expected
