update queues set paid_until = @paid_until, turns = @turns where name = @name
