insert into payloads (lineage, hash, length, bytes) values (@lineage, @hash, @length, @bytes)
on conflict do nothing
