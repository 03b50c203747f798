update instances set parked = @why, owner = null where key = @key
