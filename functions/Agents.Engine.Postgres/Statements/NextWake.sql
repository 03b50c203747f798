-- As SQLite's: now, where an unowned instance has a visible inbox row; else the earliest time ahead.
select min(at) from (
  select min(wake_at) as at from agents.instances
  where wake_at is not null and owner is null and parked is null and status not in (1, 3, 4, 5)
  union all
  select min(b.visible_at) from agents.inbox b join agents.instances i on i.key = b.instance
  where not b.closed and b.visible_at > @now and i.parked is null and i.status not in (1, 3, 4, 5)
  union all
  select @now where exists (
    select 1 from agents.inbox b join agents.instances i on i.key = b.instance
    where not b.closed and b.visible_at <= @now and i.owner is null and i.parked is null
      and i.status not in (1, 3, 4, 5))) times
