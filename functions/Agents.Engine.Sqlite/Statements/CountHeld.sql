select tenant, key, count(*) from places where queue = @queue and held = 1 group by tenant, key
