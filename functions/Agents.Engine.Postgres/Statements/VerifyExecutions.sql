-- As SQLite's.
select e.key, e.cut, d.lineage, d.id, e.execution_id, case when i.execution = e.key then i.next_seq end
from agents.executions e join agents.instances i on i.key = e.instance join agents.details d on d.key = e.instance order by e.key
