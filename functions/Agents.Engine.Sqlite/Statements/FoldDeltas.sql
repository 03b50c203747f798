-- "text is not null" leads to the index of open deltas; what is folded already stays as it is.
update deltas set text = null, message_seq = @message
where instance = @instance and generation = @generation and task = @task and attempt = @attempt
  and kind <> 'retract' and text is not null
