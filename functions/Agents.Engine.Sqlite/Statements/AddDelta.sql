insert into deltas (instance, generation, after_seq, row, task, attempt, start, length, kind, text)
values (@instance, @generation, @after, @row, @task, @attempt, @start, @length, @kind, @text)
