insert into dedup (instance, key) values (@instance, @key) on conflict do nothing
