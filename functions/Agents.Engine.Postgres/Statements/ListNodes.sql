-- Only here: SQLite has one node.
select id, beats, every_ms from agents.nodes
