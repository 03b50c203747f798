-- Visible runs whose history leads, by one cut or many, into the given instance's.
with recursive held(instance) as (
  select @instance
  union
  select c.instance from held h
  join executions p on p.instance = h.instance
  join executions c on c.parent = p.key
)
select d.id from held h join details d on d.key = h.instance
where h.instance <> @instance and d.hidden = 0 order by d.id
