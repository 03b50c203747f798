select i.key, i.status, d.digest, d.parent from details d join instances i on i.key = d.key where d.id = @id
