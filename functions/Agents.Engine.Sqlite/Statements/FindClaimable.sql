select i.key, d.id, d.name, d.version, i.status, d.lineage, i.owner_epoch, i.owner, i.next_seq, i.last_commit,
       i.claims, i.parked, d.custom_status, d.parent, d.digest, i.wake_at, d.created_at,
       e.key, e.execution_id, e.generation, e.parent, e.cut, e.seed
from instances i join details d on d.key = i.key join executions e on e.key = i.execution
where i.parked is null and i.status not in (1, 3, 4, 5) and i.key in (
  select key from instances where owner is not null and owner not in (select value from json_each(@live))
  union
  select key from instances where wake_at is not null and wake_at <= @now and owner is null
  union
  select instance from inbox where closed = 0 and visible_at <= @now)
and (i.owner is null or i.owner not in (select value from json_each(@live)))
order by coalesce(i.wake_at, i.updated_at), i.key
limit @max
