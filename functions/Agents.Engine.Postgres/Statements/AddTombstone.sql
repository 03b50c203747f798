-- As SQLite's.
insert into agents.tombstones (id, digest, purged_at) values (@id, @digest, @now)
on conflict (id) do update set digest = excluded.digest, purged_at = excluded.purged_at
