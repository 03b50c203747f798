select q.name, q.concurrency, q.per_key, q.rate_count, q.rate_per, coalesce(sum(p.held = 1), 0), coalesce(sum(p.held = 0), 0), min(case when p.held = 0 then p.asked_at end)
from queues q left join places p on p.queue = q.name group by q.name order by q.name
