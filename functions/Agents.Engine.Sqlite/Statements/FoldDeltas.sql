-- From the task's schedule on: its deltas stand behind it, and the index leads there.
update deltas set text = null, message_seq = @message
where instance = @instance and generation = @generation and task = @task and attempt = @attempt and kind <> 'retract'
