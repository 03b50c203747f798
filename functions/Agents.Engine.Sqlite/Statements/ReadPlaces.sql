select instance, epoch, task, held, queue from places where node = @node
