-- Only here: whoever adds a fork holds its lineage shared, whoever removes from it holds it alone (until the transaction ends).
select case when @alone then pg_advisory_xact_lock(hashtextextended('agents.' || lineage, 0))
  else pg_advisory_xact_lock_shared(hashtextextended('agents.' || lineage, 0)) end
from (select d.lineage from agents.details d where d.id = @id union select @lineage where @lineage is not null order by 1) l
