select digest from tombstones where id = @id and purged_at >= @since
