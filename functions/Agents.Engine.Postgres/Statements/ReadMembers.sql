-- Not in SQLite's, which has one node. A table without members is one row of nulls behind the version.
select t.version, m.node, m.gone, m.alive_at, m.body, m.version
from agents.membership t left join agents.members m on true
order by m.node
