-- Not in SQLite's, which has one node.
update agents.members set alive_at = @at where node = @node
