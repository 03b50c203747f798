-- Only here: SQLite has one node. Not if it has counted on meanwhile.
delete from agents.nodes where id = @node and beats = @beats
