-- Only here: for agents doctor. Stuck: nothing will ever look at it, though it waits neither for a person nor for a child.
select
  (select coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint
   from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = @schema and c.relkind = 'r'),
  (select count(*) from agents.instances where status not in (1, 3, 4, 5)),
  (select min(d.created_at) from agents.instances i join agents.details d on d.key = i.key
   where i.status not in (1, 3, 4, 5) and i.parked is null),
  (select count(*) from agents.instances where parked is not null),
  (select count(*) from agents.instances i join agents.details d on d.key = i.key
   where i.status not in (1, 3, 4, 5, 7) and i.parked is null and i.owner is null and i.wake_at is null and d.in_doubt = 0
     and not exists (select 1 from agents.inbox b where b.instance = i.key)
     and not exists (
       select 1 from agents.details c join agents.instances ci on ci.key = c.key
       where c.parent = d.id and ci.status not in (1, 3, 4, 5)))
