-- As SQLite's.
select first_seq, count, bytes from agents.history
where execution = @execution and first_seq < @before
  and first_seq >= coalesce((select max(first_seq) from agents.history where execution = @execution and first_seq <= @from), 0)
order by first_seq
