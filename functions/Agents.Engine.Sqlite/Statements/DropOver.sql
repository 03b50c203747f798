delete from places where queue = @queue and not exists (select 1 from instances i where i.key = places.instance and i.owner_epoch = places.epoch and i.owner is not null)
