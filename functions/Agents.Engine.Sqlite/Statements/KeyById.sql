select key from details where id = @id and hidden = 0
