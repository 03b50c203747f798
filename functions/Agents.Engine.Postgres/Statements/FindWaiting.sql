select queue, instance, epoch, task, instance_id, tenant, key, priority, id from (
  select w.*, row_number() over (partition by queue order by place, id) as nth from (
    select p.*, row_number() over (partition by queue, tenant, key order by priority desc, id) as place
    from agents.places p where queue = any(@names) and not held) w
  where place <= @each) f
where nth <= @max order by queue, nth
