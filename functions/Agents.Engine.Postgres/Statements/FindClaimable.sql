-- As SQLite's.
select i.key, d.id, d.name, d.version, i.status, d.lineage, i.owner_epoch, i.owner, i.next_seq, i.last_commit,
       i.claims, i.parked, d.custom_status, d.parent, d.digest, i.wake_at, d.created_at,
       e.key, e.execution_id, e.generation, e.parent, e.cut, e.seed
from agents.instances i join agents.details d on d.key = i.key join agents.executions e on e.key = i.execution
where i.parked is null and i.status not in (1, 3, 4, 5) and i.key in (
  select key from agents.instances where owner is not null and owner <> all(@live)
  union
  select key from agents.instances where wake_at is not null and wake_at <= @now and owner is null
  union
  select instance from agents.inbox where not closed and visible_at <= @now)
and (i.owner is null or i.owner <> all(@live))
order by coalesce(i.wake_at, i.updated_at), i.key
limit @max
