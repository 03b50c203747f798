delete from dedup where instance = @instance
