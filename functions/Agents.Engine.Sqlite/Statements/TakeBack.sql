delete from places where instance = @instance and epoch = @epoch and task = @task
