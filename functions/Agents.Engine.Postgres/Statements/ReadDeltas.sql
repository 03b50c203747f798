-- As SQLite's.
select after_seq, row_no, task, attempt, kind, start, length, text, message_seq from agents.deltas
where instance = @instance and generation = @generation and (after_seq, row_no) > (@after, @row)
order by after_seq, row_no limit @max
