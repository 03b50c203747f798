-- As SQLite's, with a constant where a table has no row id.
select 'history of no execution', execution from agents.history h
where not exists (select 1 from agents.executions e where e.key = h.execution)
union all select 'execution of no instance', key from agents.executions e
where not exists (select 1 from agents.instances i where i.key = e.instance)
union all select 'execution whose parent is gone', key from agents.executions e
where e.parent is not null and not exists (select 1 from agents.executions p where p.key = e.parent)
union all select 'instance without its execution', key from agents.instances i
where not exists (select 1 from agents.executions e where e.key = i.execution)
union all select 'instance without details', key from agents.instances i
where not exists (select 1 from agents.details d where d.key = i.key)
union all select 'details of no instance', key from agents.details d
where not exists (select 1 from agents.instances i where i.key = d.key)
union all select 'inbox row of no instance', id from agents.inbox b
where not exists (select 1 from agents.instances i where i.key = b.instance)
union all select 'ledger entry of no instance', id from agents.ledger l
where not exists (select 1 from agents.instances i where i.key = l.instance)
union all select 'delta of no instance', instance from agents.deltas t
where not exists (select 1 from agents.instances i where i.key = t.instance)
union all select 'payload of no lineage', lineage from agents.payloads p
where not exists (select 1 from agents.details d where d.lineage = p.lineage)
