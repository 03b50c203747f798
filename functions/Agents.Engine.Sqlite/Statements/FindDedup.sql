select 1 from dedup where instance = @instance and key = @key
