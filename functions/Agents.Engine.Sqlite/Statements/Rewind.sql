update instances
set execution = @execution, next_seq = @next, status = 0, owner = null, owner_epoch = owner_epoch + 1, claims = 0,
    parked = null, wake_at = @now, updated_at = @now
where key = @key
