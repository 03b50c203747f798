select i.key, i.status, d.lineage from details d join instances i on i.key = d.key where d.id = @id
