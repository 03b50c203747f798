-- Unlike SQLite's: asked after the attempt to make it, in a new snapshot, so that a start that came first is seen.
select d.key, d.digest, d.made_xid = pg_current_xact_id() and d.made_slot = @made from agents.details d where d.id = @id
union all
select 0, t.digest, false from agents.tombstones t
where t.id = @id and t.purged_at >= @since and not @replaces and not exists (select 1 from agents.details d where d.id = @id)
