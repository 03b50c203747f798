-- As SQLite's.
select lineage, hash, length, bytes from agents.payloads
