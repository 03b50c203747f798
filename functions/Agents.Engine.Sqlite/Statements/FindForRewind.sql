select e.generation, i.next_seq from instances i join executions e on e.key = i.execution
where i.key = @key and i.execution = @execution and i.status in (1, 3)
