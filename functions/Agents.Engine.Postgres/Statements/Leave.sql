-- Only here: SQLite has one node.
delete from agents.nodes where id = @node
