-- As SQLite's.
select first_seq, count, bytes from agents.history where execution = @execution order by first_seq
