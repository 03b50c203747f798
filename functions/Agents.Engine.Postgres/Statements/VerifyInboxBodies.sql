-- As SQLite's.
select b.id, b.instance, d.lineage, b.body from agents.inbox b join agents.details d on d.key = b.instance where b.kind = 0
