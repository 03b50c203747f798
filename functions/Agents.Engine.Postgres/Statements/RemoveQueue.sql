delete from agents.queues where name = @name
