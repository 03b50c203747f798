-- Only here: SQLite has one node. The first node's word counts for all; answers with it.
with mine as (
  insert into agents.settings (name, value) values ('shared folder', @value) on conflict (name) do nothing returning value
)
select value from mine union all select value from agents.settings where name = 'shared folder'
