-- Only here: SQLite has one node. Counts on, and tells in the same round trip who else counts (0), which of this node's
-- instances have a message (1), and whether there is work that nobody owns (2). A count that a crash loses is made again.
with quick as materialized (
  select set_config('synchronous_commit', 'off', true)
), beat as (
  update agents.nodes n set beats = n.beats + 1, every_ms = @every from quick where n.id = @node
), mine as (
  select distinct i.key from agents.inbox b join agents.instances i on i.key = b.instance
  where not b.closed and b.visible_at <= @now and i.owner = @node
  limit @max
)
select 0 as kind, id, beats, every_ms, (extract(epoch from clock_timestamp()) * 10000000)::bigint + 621355968000000000 as at
from agents.nodes
union all
select 1, d.id, 0, 0, 0 from mine join agents.details d on d.key = mine.key
union all
select 2, null, 0, 0, 0 where exists (
    select 1 from agents.inbox b join agents.instances i on i.key = b.instance
    where not b.closed and b.visible_at <= @now and i.owner is null and i.parked is null and i.status not in (1, 3, 4, 5))
  or exists (
    select 1 from agents.instances
    where wake_at <= @now and wake_at is not null and owner is null and parked is null and status not in (1, 3, 4, 5))
