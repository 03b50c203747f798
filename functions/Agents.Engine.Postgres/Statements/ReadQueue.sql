-- Unlike SQLite's: of all queues of a round, and nobody else decides about them until the transaction ends.
select name, concurrency, per_key, rate_count, rate_per, paid_until, turns from agents.queues where name = any(@names) order by name for update
