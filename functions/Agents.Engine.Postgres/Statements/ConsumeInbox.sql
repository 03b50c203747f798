-- Unlike SQLite's: all rows of a commit at once, under its fence; one that is gone refuses the commit.
with gone as (
  delete from agents.inbox b where b.id = any(@ids) and b.instance = @guard
    and exists (select 1 from agents.instances g where g.key = @guard and g.fence_xid = pg_current_xact_id() and g.fence_slot = @slot)
  returning b.id
), counted as materialized (select count(*) as n from gone)
select case when n = cardinality(@ids) or not exists (select 1 from agents.instances g where g.key = @guard and g.fence_xid = pg_current_xact_id() and g.fence_slot = @slot) then true
  else agents.refuse('inbox rows of instance ' || @guard || ' are not there: they were consumed before') end
from counted
