-- Only here: for agents doctor. Widths are those of the server's last look (analyze); null before it.
select c.relname::text, pg_total_relation_size(c.oid), pg_relation_size(c.oid), greatest(c.reltuples, 0)::bigint, coalesce(s.n_dead_tup, 0),
  (select sum(w.avg_width * (1 - w.null_frac))::bigint from pg_stats w where w.schemaname = n.nspname and w.tablename = c.relname)
from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_stat_user_tables s on s.relid = c.oid
where n.nspname = @schema and c.relkind = 'r'
order by 2 desc
