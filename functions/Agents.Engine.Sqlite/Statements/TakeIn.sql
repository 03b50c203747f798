insert into places (queue, instance, epoch, task, held, priority, asked_at, key, tenant, instance_id, node)
values (@queue, @instance, @epoch, @task, 0, @priority, @now, @key, @tenant, @instance_id, @node)
on conflict do nothing
