-- Unlike SQLite's: all turns of a group in one statement (Migrations/0005_fence.sql). A turn missing from the answer wrote nothing.
-- locks: instances, details, inbox, history (this order everywhere)
select agents.fence(@slots, @keys, @executions, @epochs, @sequences, @counts, @commits, @nows, @events, @statuses, @ends,
  @wake_sets, @wakes, @releases, @parks)
