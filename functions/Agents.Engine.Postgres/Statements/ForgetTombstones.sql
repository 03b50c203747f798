-- As SQLite's.
delete from agents.tombstones where purged_at < @before
