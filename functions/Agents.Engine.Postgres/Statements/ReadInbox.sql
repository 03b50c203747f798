-- As SQLite's.
select id, kind, execution, visible_at, body, dedup from agents.inbox
where instance = @instance and visible_at <= @now and not closed order by id limit @max
