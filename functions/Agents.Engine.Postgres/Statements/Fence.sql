-- Unlike SQLite's: all turns of a group in one statement, each with its history row and every change of its hot row.
-- locks: instances, details, inbox, history (this order everywhere). A turn missing from the answer wrote nothing.
with sent as (
  select * from unnest(@slots, @keys, @executions, @epochs, @sequences, @counts, @commits, @nows, @events, @statuses,
    @ends, @wake_sets, @wakes, @releases, @parks)
    as s(slot, key, execution, epoch, sequence, count, commit, now, events, status, ends, wake_set, wake, release, park)
  order by 2
), fence as (
  update agents.instances i
  set next_seq = i.next_seq + s.count, last_commit = s.commit, updated_at = s.now,
      claims = case when s.count = 0 and not s.release then i.claims else 0 end,
      status = coalesce(s.status, i.status),
      wake_at = case when s.wake_set then s.wake when s.ends then null else i.wake_at end,
      owner = case when s.release or s.park is not null then null else i.owner end,
      parked = coalesce(s.park, i.parked),
      fence_xid = pg_current_xact_id(), fence_slot = s.slot
  from sent s
  where i.key = s.key and i.execution = s.execution and i.owner_epoch = s.epoch and i.next_seq = s.sequence
  returning s.slot, s.execution, s.sequence, s.count, s.events
), appended as (
  insert into agents.history (execution, first_seq, count, bytes)
  select execution, sequence, count, events from fence where count > 0
)
select slot from fence
