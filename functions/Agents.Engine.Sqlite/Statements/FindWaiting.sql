select instance, epoch, task, instance_id, tenant, key, priority, id from (
  select p.*, row_number() over (partition by tenant, key order by priority desc, id) as place
  from places p where queue = @queue and held = 0)
where place <= @each order by place, id limit @max
