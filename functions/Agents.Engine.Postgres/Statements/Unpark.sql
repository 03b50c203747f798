-- As SQLite's.
update agents.instances set parked = null, claims = 0, wake_at = @now, owner = null where key = @key and parked is not null
