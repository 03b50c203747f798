update instances set wake_at = @at where key = @key
