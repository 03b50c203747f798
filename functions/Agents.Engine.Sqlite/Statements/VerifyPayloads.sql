select lineage, hash, length, bytes from payloads
