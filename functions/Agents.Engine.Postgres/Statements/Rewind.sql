-- Unlike SQLite's FindForRewind, AddExecution, Rewind and ReopenDetails: one statement; no row means that it may not be rewound.
with failed as (
  select i.key, e.generation from agents.instances i join agents.executions e on e.key = i.execution
  where i.key = @key and i.execution = @execution and i.status in (1, 3) and @cut between 0 and i.next_seq
  for update of i
), opened as (
  insert into agents.executions (key, instance, execution_id, generation, parent, cut, seed)
  select nextval('agents.execution_keys'), f.key, @id, f.generation + 1, @execution, @cut, @seed from failed f
  returning key, instance
), reopened as (
  update agents.details d set completed_at = null, output = null, failure = null from opened o where d.key = o.instance
)
update agents.instances i
set execution = o.key, next_seq = @cut, status = 0, owner = null, owner_epoch = i.owner_epoch + 1, claims = 0,
    parked = null, wake_at = @now, updated_at = @now
from opened o where i.key = o.instance returning o.key
