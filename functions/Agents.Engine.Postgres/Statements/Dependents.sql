-- As SQLite's: visible runs whose history leads, by one cut or many, into the given instance's.
with recursive held(instance) as (
  select @instance
  union
  select c.instance from held h
  join agents.executions p on p.instance = h.instance
  join agents.executions c on c.parent = p.key
)
select d.id from held h join agents.details d on d.key = h.instance
where h.instance <> @instance and not d.hidden order by d.id
