-- Only an undecided entry is settled, and only by the attempt that it names.
update ledger
set state = @state, settled_at = @settled_at, receipt = @receipt, evidence = @evidence
where key = @key and token = @token and state in (0, 2)
