update details set completed_at = null, output = null, failure = null where key = @key
