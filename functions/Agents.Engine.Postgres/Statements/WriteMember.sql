-- Not in SQLite's, which has one node.
-- locks: membership, members. Whoever waits for the version's row looks at it again and finds it raised.
with t as (
  update agents.membership set version = version + 1
  where version = @expected_table
    and coalesce((select version from agents.members where node = @node), 0) = @expected_row
  returning version
)
insert into agents.members (node, version, gone, alive_at, body)
select @node, @expected_row + 1, @gone, @alive, @body from t
on conflict (node) do update
set version = excluded.version, gone = excluded.gone, alive_at = excluded.alive_at, body = excluded.body
