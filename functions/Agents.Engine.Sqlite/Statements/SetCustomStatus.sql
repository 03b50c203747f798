update details set custom_status = @status where key = @key
