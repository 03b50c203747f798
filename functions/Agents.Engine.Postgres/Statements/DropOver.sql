delete from agents.places p where p.queue = any(@names)
  and not exists (select 1 from agents.instances i where i.key = p.instance and i.owner_epoch = p.epoch and i.owner is not null)
