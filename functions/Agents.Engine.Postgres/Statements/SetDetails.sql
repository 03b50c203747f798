-- Unlike SQLite's: what SetStatus, SetFinished, SetCustomStatus, SetInDoubt and SetVersion do there, under the fence.
update agents.details d
set custom_status = coalesce(@custom, d.custom_status), in_doubt = coalesce(@in_doubt, d.in_doubt),
    version = coalesce(@version, d.version),
    completed_at = case when @ends then @now else d.completed_at end,
    output = case when @ends then @output else d.output end,
    failure = case when @ends then @failure else d.failure end
where d.key = @guard and exists (select 1 from agents.instances g where g.key = @guard and g.fence_xid = pg_current_xact_id() and g.fence_slot = @slot)
