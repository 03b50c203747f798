-- Unlike SQLite's InstanceByKey: many at once.
select i.key, d.id, d.name, d.version, i.status, d.lineage, i.owner_epoch, i.owner, i.next_seq, i.last_commit,
       i.claims, i.parked, d.custom_status, d.parent, d.digest, i.wake_at, d.created_at,
       e.key, e.execution_id, e.generation, e.parent, e.cut, e.seed
from agents.instances i join agents.details d on d.key = i.key join agents.executions e on e.key = i.execution
where i.key = any(@keys) order by i.key
