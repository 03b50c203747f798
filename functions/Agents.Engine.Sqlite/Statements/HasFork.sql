select 1 from executions p join executions c on c.parent = p.key
where p.instance = @instance and c.instance <> @instance limit 1
