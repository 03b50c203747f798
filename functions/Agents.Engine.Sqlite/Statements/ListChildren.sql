select id from details where parent = @parent and hidden = 0 order by key
