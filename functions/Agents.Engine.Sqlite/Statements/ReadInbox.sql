select id, kind, execution, visible_at, body, dedup from inbox
where instance = @instance and visible_at <= @now and closed = 0 order by id limit @max
