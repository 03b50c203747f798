select distinct d.id
from inbox b join instances i on i.key = b.instance join details d on d.key = i.key
where b.closed = 0 and b.visible_at <= @now and i.owner = @node and i.parked is null and i.status not in (1, 3, 4, 5)
limit @max
