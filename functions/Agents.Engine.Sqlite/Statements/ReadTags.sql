select name, value from tags where instance = @instance order by name
