-- As SQLite's.
select l.key, d.id, l.execution, l.task, l.tool, l.state, l.token, l.intent_at, l.settled_at, l.receipt, l.evidence
from agents.ledger l join agents.details d on d.key = l.instance
where d.id = @id and not d.hidden and (l.state = 2 or @all)
order by l.intent_at, l.id
