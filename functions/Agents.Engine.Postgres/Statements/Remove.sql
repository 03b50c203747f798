-- Unlike SQLite's HasFork, HideInstance, HiddenWithoutFork and Remove…: one statement. What a visible instance still shares
-- is kept and hidden (a control character cannot be part of an id); all else of the lineage that is hidden goes.
with recursive target as materialized (
  select d.key, d.lineage from agents.details d join agents.instances i on i.key = d.key
  where d.id = @id and not d.hidden and i.status in (1, 3, 4, 5) and (@any or d.parent is not distinct from @parent)
    and (@guard is null or exists (select 1 from agents.instances g where g.key = @guard and g.fence_xid = pg_current_xact_id() and g.fence_slot = @slot))
  for update of i
), kept(instance) as (
  select d.key from agents.details d join target t on t.lineage = d.lineage and not d.hidden and d.key <> t.key
  union
  select p.instance from kept k join agents.executions c on c.instance = k.instance
    join agents.executions p on p.key = c.parent
), doomed as materialized (
  select d.key from agents.details d join target t on t.lineage = d.lineage and (d.hidden or d.key = t.key)
  where d.key not in (select instance from kept)
), inbox as (delete from agents.inbox where instance in (select key from target)),
dedup as (delete from agents.dedup where instance in (select key from target)),
tags as (delete from agents.tags where instance in (select key from target)),
ledger as (delete from agents.ledger where instance in (select key from target)),
deltas as (delete from agents.deltas where instance in (select key from target)),
hidden as (
  update agents.details d set hidden = true, id = '\x01'::bytea || convert_to(d.key::text, 'UTF8') from target t
  where d.key = t.key and t.key in (select instance from kept)
), history as (
  delete from agents.history where execution in (
    select e.key from agents.executions e join doomed x on x.key = e.instance)
), executions as (delete from agents.executions where instance in (select key from doomed)),
instances as (delete from agents.instances where key in (select key from doomed)),
details as (delete from agents.details where key in (select key from doomed)),
payloads as (
  delete from agents.payloads where lineage in (select lineage from target) and not exists (select 1 from kept)
)
select t.key in (select key from doomed) from target t
