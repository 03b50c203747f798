-- Unlike SQLite's: all of a round at once.
update agents.places p set held = true from unnest(@instances, @epochs, @tasks) as g(instance, epoch, task)
where p.instance = g.instance and p.epoch = g.epoch and p.task = g.task
