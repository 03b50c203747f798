-- Unlike SQLite's ReadPayload: many at once.
select hash, length, bytes from agents.payloads where lineage = @lineage and hash = any(@hashes)
