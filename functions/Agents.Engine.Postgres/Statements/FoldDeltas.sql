-- Unlike SQLite's: under the fence. "text is not null" leads to the index of open deltas.
update agents.deltas set text = null, message_seq = @message
where instance = @guard and generation = @generation and task = @task and attempt = @attempt
  and kind <> 'retract'::bytea and text is not null
  and exists (select 1 from agents.instances g where g.key = @guard and g.fence_xid = pg_current_xact_id() and g.fence_slot = @slot)
