select instance, epoch, task, held from agents.places where node = @node
