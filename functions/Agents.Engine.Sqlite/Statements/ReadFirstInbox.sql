select body from inbox where instance = @instance and kind = 0 order by id limit @max
