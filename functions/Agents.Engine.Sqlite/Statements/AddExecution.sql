insert into executions (instance, execution_id, generation, parent, cut, seed)
values (@instance, @id, @generation, @parent, @cut, @seed)
