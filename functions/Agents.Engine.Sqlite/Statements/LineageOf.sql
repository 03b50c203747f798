select lineage from details where key = @key
