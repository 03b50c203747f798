insert into instances (next_seq, owner_epoch, last_commit, claims, updated_at, execution, status, wake_at)
values (@next, 0, 0, 0, @now, 0, @status, @wake_at)
