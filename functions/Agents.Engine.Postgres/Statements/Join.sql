-- Only here: SQLite has one node. Whoever held the same place before is proven dead.
with gone as (
  delete from agents.nodes where place = @place and id <> @node
)
insert into agents.nodes (id, beats, every_ms, place) values (@node, 1, @every, @place)
on conflict (id) do nothing
