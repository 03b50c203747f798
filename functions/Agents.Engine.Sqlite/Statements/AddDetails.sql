insert into details (key, id, name, version, lineage, parent, digest, created_at, hidden, in_doubt)
values (@key, @id, @name, @version, @lineage, @parent, @digest, @now, 0, 0)
