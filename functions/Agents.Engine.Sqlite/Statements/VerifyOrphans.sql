select 'history of no execution', execution from history h
where not exists (select 1 from executions e where e.key = h.execution)
union all select 'execution of no instance', key from executions e
where not exists (select 1 from instances i where i.key = e.instance)
union all select 'execution whose parent is gone', key from executions e
where e.parent is not null and not exists (select 1 from executions p where p.key = e.parent)
union all select 'instance without its execution', key from instances i
where not exists (select 1 from executions e where e.key = i.execution)
union all select 'instance without details', key from instances i
where not exists (select 1 from details d where d.key = i.key)
union all select 'details of no instance', key from details d
where not exists (select 1 from instances i where i.key = d.key)
union all select 'inbox row of no instance', id from inbox b
where not exists (select 1 from instances i where i.key = b.instance)
union all select 'ledger entry of no instance', rowid from ledger l
where not exists (select 1 from instances i where i.key = l.instance)
union all select 'delta of no instance', rowid from deltas t
where not exists (select 1 from instances i where i.key = t.instance)
union all select 'payload of no lineage', rowid from payloads p
where not exists (select 1 from details d where d.lineage = p.lineage)
