select q.name, q.concurrency, q.per_key, q.rate_count, q.rate_per,
  (count(p.id) filter (where p.held))::integer, (count(p.id) filter (where not p.held))::integer, min(p.asked_at) filter (where not p.held)
from agents.queues q left join agents.places p on p.queue = q.name group by q.name order by q.name
