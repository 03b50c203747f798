update instances set status = @status where key = @key
