update instances set execution = @execution, next_seq = @next where key = @key
