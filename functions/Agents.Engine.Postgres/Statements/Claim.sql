-- Unlike SQLite's: answers with the instance as the claim left it.
with i as (
  update agents.instances
  set owner_epoch = owner_epoch + 1, claims = claims + 1, owner = @node
  where key = @key and owner_epoch = @epoch and parked is null and status not in (1, 3, 4, 5)
  returning *
)
select i.key, d.id, d.name, d.version, i.status, d.lineage, i.owner_epoch, i.owner, i.next_seq, i.last_commit,
       i.claims, i.parked, d.custom_status, d.parent, d.digest, i.wake_at, d.created_at,
       e.key, e.execution_id, e.generation, e.parent, e.cut, e.seed
from i join agents.details d on d.key = i.key join agents.executions e on e.key = i.execution
