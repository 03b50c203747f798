select instance, epoch, task, held from places where node = @node
