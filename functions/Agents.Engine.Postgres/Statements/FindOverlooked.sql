-- As SQLite's.
select distinct d.id
from agents.inbox b join agents.instances i on i.key = b.instance join agents.details d on d.key = i.key
where not b.closed and b.visible_at <= @now and i.owner = @node and i.parked is null and i.status not in (1, 3, 4, 5)
limit @max
