insert into inbox (id, instance, kind, visible_at, closed, execution, dedup, body)
values (@id, @instance, @kind, @visible_at, 0, @execution, @dedup, @body)
