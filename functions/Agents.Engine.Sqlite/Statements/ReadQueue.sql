select concurrency, per_key, rate_count, rate_per, paid_until, turns from queues where name = @name
