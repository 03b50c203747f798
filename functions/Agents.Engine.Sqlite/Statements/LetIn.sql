update places set held = 1 where instance = @instance and epoch = @epoch and task = @task
