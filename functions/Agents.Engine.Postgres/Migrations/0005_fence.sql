-- All turns of a group: each passes where its instance row still says what its owner believes, with its history row and every
-- change of its hot row. A function, because its plan must not depend on how many instances there are (with few the planner
-- would read them all for each group), and because it stays planned behind a pooler, where nothing is kept prepared.
-- The turns come in the order of their keys, and that is the order in which the rows are locked. Answers with the slots that
-- passed; a turn missing from the answer wrote nothing.
create function agents.fence(
  slots integer[], keys bigint[], executions bigint[], epochs bigint[], sequences bigint[], counts integer[], commits bigint[],
  nows bigint[], events bytea[], statuses integer[], ends boolean[], wake_sets boolean[], wakes bigint[], releases boolean[],
  parks bytea[]
) returns setof integer language plpgsql volatile
set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
  return query
  with sent as (
    select * from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
      as s(slot, key, execution, epoch, sequence, count, commit, now, events, status, ends, wake_set, wake, release, park)
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
  select slot from fence;
end
$$;
