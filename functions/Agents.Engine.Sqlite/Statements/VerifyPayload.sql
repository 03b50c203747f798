select 1 from payloads where lineage = @lineage and hash = @hash
