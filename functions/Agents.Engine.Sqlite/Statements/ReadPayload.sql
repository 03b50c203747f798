select length, bytes from payloads where lineage = @lineage and hash = @hash
