select first_seq, count, bytes from history where execution = @execution order by first_seq
