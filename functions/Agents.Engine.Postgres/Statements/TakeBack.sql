-- Unlike SQLite's: all of a round at once.
delete from agents.places p using unnest(@instances, @epochs, @tasks) as g(instance, epoch, task)
where p.instance = g.instance and p.epoch = g.epoch and p.task = g.task
