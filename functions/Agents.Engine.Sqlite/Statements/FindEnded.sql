select d.key, d.id, d.completed_at from details d join instances i on i.key = d.key
where d.completed_at is not null and d.completed_at <= @before and (d.completed_at, d.key) > (@after_at, @after_key)
  and i.status = @status and d.hidden = 0
  and (d.parent is null or not exists (select 1 from details p where p.id = d.parent))
order by d.completed_at, d.key
limit @max
