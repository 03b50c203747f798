-- locks: instances, history (this order everywhere). The fence: zero rows changed means the instance is not ours.
update instances
set next_seq = next_seq + @count, last_commit = @commit, updated_at = @now, claims = claims * @keep_claims
where key = @key and execution = @execution and owner_epoch = @epoch and next_seq = @sequence
