-- As SQLite's.
select body from agents.inbox where instance = @instance and kind = 0 order by id limit @max
