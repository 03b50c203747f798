-- Not in SQLite's, which has one node.
delete from agents.members where gone and alive_at < @before
