-- Unlike SQLite's: all of a round at once, in the order in which they asked.
insert into agents.places (queue, instance, epoch, task, held, priority, asked_at, key, tenant, instance_id, node)
select a.queue, a.instance, a.epoch, a.task, false, a.priority, @now, a.key, a.tenant, a.instance_id, a.node
from unnest(@queues, @instances, @epochs, @tasks, @priorities, @keys, @tenants, @instance_ids, @nodes)
  with ordinality as a(queue, instance, epoch, task, priority, key, tenant, instance_id, node, n)
order by a.n
on conflict do nothing
