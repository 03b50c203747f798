insert into history (execution, first_seq, count, bytes) values (@execution, @first, @count, @bytes)
