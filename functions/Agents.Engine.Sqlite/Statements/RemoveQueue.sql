delete from queues where name = @name
