select h.key from details h
where h.lineage = @lineage and h.hidden = 1 and not exists (
  select 1 from executions p join executions c on c.parent = p.key
  where p.instance = h.key and c.instance <> h.key)
limit 1
