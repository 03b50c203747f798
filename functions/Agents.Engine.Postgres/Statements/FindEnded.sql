-- As SQLite's.
select d.key, d.id, d.completed_at from agents.details d join agents.instances i on i.key = d.key
where d.completed_at is not null and d.completed_at <= @before and (d.completed_at, d.key) > (@after_at, @after_key)
  and i.status = @status and not d.hidden
  and (d.parent is null or not exists (select 1 from agents.details p where p.id = d.parent))
order by d.completed_at, d.key
limit @max
