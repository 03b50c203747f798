delete from tombstones where purged_at < @before
