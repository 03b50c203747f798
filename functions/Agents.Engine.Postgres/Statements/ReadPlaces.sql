select instance, epoch, task, held, queue from agents.places where node = @node
