-- Payloads die only with the whole lineage.
delete from payloads where lineage = @lineage and not exists (select 1 from details where lineage = @lineage)
