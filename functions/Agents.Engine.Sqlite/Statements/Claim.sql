update instances
set owner_epoch = owner_epoch + 1, claims = claims + 1, owner = @node
where key = @key and owner_epoch = @epoch and parked is null and status not in (1, 3, 4, 5)
