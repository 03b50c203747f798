-- Unlike SQLite's: many at once.
select d.id, e.execution_id, e.generation, d.name, d.version, i.status, d.created_at, i.updated_at, d.completed_at,
       d.output, d.custom_status, d.failure, d.parent, i.next_seq, i.parked, d.in_doubt, e.key, d.lineage, d.key
from agents.details d join agents.instances i on i.key = d.key join agents.executions e on e.key = i.execution
where d.key = any(@keys) and not d.hidden
