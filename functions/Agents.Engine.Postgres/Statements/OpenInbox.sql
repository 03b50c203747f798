-- As SQLite's.
update agents.inbox set closed = false where instance = @key
