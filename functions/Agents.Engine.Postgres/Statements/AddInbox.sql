-- Unlike SQLite's: with its deduplication and its payloads, under the fence (or none when @guard is null).
with target as (
  select d.key, d.lineage from agents.details d
  where d.key = @instance and (@guard is null or exists (select 1 from agents.instances g where g.key = @guard and g.fence_xid = pg_current_xact_id() and g.fence_slot = @slot))
), fresh as (
  insert into agents.dedup (instance, key) select t.key, @dedup from target t where @dedup is not null
  on conflict do nothing returning instance
), added as (
  insert into agents.inbox (id, instance, kind, visible_at, execution, dedup, body)
  select nextval('agents.inbox_ids'), t.key, @kind, @visible_at, @execution, @dedup, @body from target t
  where @dedup is null or exists (select 1 from fresh)
  returning instance
)
insert into agents.payloads (lineage, hash, length, bytes)
select t.lineage, p.hash, p.length, p.bytes
from target t join added a on a.instance = t.key, unnest(@hashes, @lengths, @bytes) as p(hash, length, bytes)
order by p.hash
on conflict do nothing
