-- Unlike SQLite's: says by its answer whether it settled. Only an undecided entry is, and only by the attempt it names.
with kept as (
  update agents.ledger
  set state = @state, settled_at = @settled_at, receipt = @receipt, evidence = @evidence
  where key = @key and token = @token and state in (0, 2)
  returning key
)
select exists (select 1 from kept)
