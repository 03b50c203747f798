-- Nobody takes what is left for a finished instance; the sweep must not look at it again and again.
update inbox set closed = 1 where instance = @key
