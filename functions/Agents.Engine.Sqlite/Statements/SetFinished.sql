update details set completed_at = @at, output = @output, failure = @failure where key = @key
