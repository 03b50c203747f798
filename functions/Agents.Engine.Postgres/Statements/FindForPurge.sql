-- As SQLite's FindForStart.
select i.key, i.status in (1, 3, 4, 5), d.digest from agents.details d join agents.instances i on i.key = d.key where d.id = @id
