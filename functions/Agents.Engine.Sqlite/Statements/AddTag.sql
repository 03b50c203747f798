insert into tags (instance, name, value) values (@instance, @name, @value)
