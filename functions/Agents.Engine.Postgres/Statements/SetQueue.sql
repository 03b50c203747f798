insert into agents.queues (name, concurrency, per_key, rate_count, rate_per, paid_until) values (@name, @concurrency, @per_key, @rate_count, @rate_per, 0)
on conflict (name) do update set concurrency = excluded.concurrency, per_key = excluded.per_key, rate_count = excluded.rate_count, rate_per = excluded.rate_per
