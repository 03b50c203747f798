-- Unlike SQLite's AddPayload: all of a commit at once, under the fence, in key order.
insert into agents.payloads (lineage, hash, length, bytes)
select d.lineage, p.hash, p.length, p.bytes
from agents.details d, unnest(@hashes, @lengths, @bytes) as p(hash, length, bytes)
where d.key = @guard and exists (select 1 from agents.instances g where g.key = @guard and g.fence_xid = pg_current_xact_id() and g.fence_slot = @slot)
order by p.hash
on conflict do nothing
