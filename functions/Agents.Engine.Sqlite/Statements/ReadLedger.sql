select l.key, d.id, l.execution, l.task, l.tool, l.state, l.token, l.intent_at, l.settled_at, l.receipt, l.evidence
from ledger l join details d on d.key = l.instance
where d.id = @id and d.hidden = 0 and (l.state = 2 or @all = 1)
order by l.intent_at, l.rowid
