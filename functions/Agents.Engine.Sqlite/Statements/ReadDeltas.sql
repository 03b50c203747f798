select after_seq, row, task, attempt, kind, start, length, text, message_seq from deltas
where instance = @instance and generation = @generation and (after_seq, row) > (@after, @row)
order by after_seq, row limit @max
