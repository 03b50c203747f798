-- As SQLite's.
select d.key, d.created_at from agents.details d join agents.instances i on i.key = d.key
where not d.hidden
  and (@statuses = 0 or ((1::bigint << i.status) & @statuses) <> 0)
  and (@from is null or d.created_at >= @from)
  and (@to is null or d.created_at <= @to)
  and (@name is null or d.name = @name)
  and (@prefix is null or substr(d.id, 1, length(@prefix)) = @prefix)
  and (@tag is null or exists (select 1 from agents.tags t where t.instance = d.key and t.name = @tag and t.value = @value))
  and (@parked is null or (i.parked is not null) = @parked)
  and (@before_at is null or (d.created_at, d.key) < (@before_at, @before_key))
order by d.created_at desc, d.key desc
limit @max
