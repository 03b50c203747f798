-- Unlike SQLite's: under the fence. Nobody takes what is left for a finished instance; the sweep must not look at it again.
update agents.inbox b set closed = true where b.instance = @guard and not b.closed
  and exists (select 1 from agents.instances g where g.key = @guard and g.fence_xid = pg_current_xact_id() and g.fence_slot = @slot)
