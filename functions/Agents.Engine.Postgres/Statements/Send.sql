-- Unlike SQLite's FindTarget, FindDedup and AddInbox: one statement, under the sender's fence where there is one, and for a
-- clash only when the start @made did not make the instance. The shared key lock keeps a removal away, not a commit.
with target as (
  select d.key, d.lineage, i.status in (1, 3, 4, 5) as finished
  from agents.details d join agents.instances i on i.key = d.key
  where d.id = @id
    and (@guard is null or exists (select 1 from agents.instances g where g.key = @guard and g.fence_xid = pg_current_xact_id() and g.fence_slot = @slot))
    and (@made is null or not exists (
      select 1 from agents.details m where m.id = @child and m.made_xid = pg_current_xact_id() and m.made_slot = @made))
  for key share of i
), fresh as (
  insert into agents.dedup (instance, key) select t.key, @dedup from target t where @dedup is not null and not t.finished
  on conflict do nothing returning instance
), added as (
  insert into agents.inbox (id, instance, kind, visible_at, execution, dedup, body)
  select nextval('agents.inbox_ids'), t.key, @kind, @visible_at, @execution, @dedup, @body from target t
  where not t.finished and (@dedup is null or exists (select 1 from fresh))
  returning instance
), payloads as (
  insert into agents.payloads (lineage, hash, length, bytes)
  select t.lineage, p.hash, p.length, p.bytes
  from target t join added a on a.instance = t.key, unnest(@hashes, @lengths, @bytes) as p(hash, length, bytes)
  order by p.hash
  on conflict do nothing
)
select t.key, t.finished, exists (select 1 from added),
  exists (select 1 from agents.dedup k where k.instance = t.key and k.key = @dedup)
from target t
