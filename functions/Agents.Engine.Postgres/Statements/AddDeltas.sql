-- Unlike SQLite's AddDelta: all of a commit at once, under the fence.
insert into agents.deltas (instance, generation, after_seq, row_no, task, attempt, start, length, kind, text)
select @guard, t.* from unnest(@generations, @afters, @rows, @tasks, @attempts, @starts, @lengths, @kinds, @texts) as t
where exists (select 1 from agents.instances g where g.key = @guard and g.fence_xid = pg_current_xact_id() and g.fence_slot = @slot)
