-- Not in SQLite's, which has one node.
select exists (
    select 1 from agents.inbox b join agents.instances i on i.key = b.instance
    where not b.closed and b.visible_at <= @now and (i.owner is null or i.owner = @node) and i.parked is null
      and i.status not in (1, 3, 4, 5))
  or exists (
    select 1 from agents.instances
    where wake_at is not null and wake_at <= @now and owner is null and parked is null and status not in (1, 3, 4, 5))
