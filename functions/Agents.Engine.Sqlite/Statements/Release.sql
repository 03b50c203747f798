update instances set owner = null where key = @key
