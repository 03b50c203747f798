-- Unlike SQLite's FindForStart, FindTombstone, ParentCut and Add…: one statement, under the parent's fence where there is one.
with free as materialized (
  select nextval('agents.instance_keys') as key, nextval('agents.execution_keys') as execution
  where (@guard is null or exists (select 1 from agents.instances g where g.key = @guard and g.fence_xid = pg_current_xact_id() and g.fence_slot = @slot))
    and not exists (select 1 from agents.details d where d.id = @id)
    and (@replaces or not exists (select 1 from agents.tombstones t where t.id = @id and t.purged_at >= @since))
), fit as materialized (
  select f.key, f.execution, coalesce(@lineage, f.key) as lineage from free f
  where case when @parent_execution is null then true
    when exists (select 1 from agents.executions e join agents.instances i on i.key = e.instance where e.key = @parent_execution)
      then true
    else agents.refuse('the run that it forks is gone') end
), made as (
  insert into agents.details
    (key, id, name, version, lineage, parent, digest, created_at, hidden, in_doubt, made_slot, made_xid)
  select f.key, @id, @name, @version, f.lineage, @parent, @digest, @now, false, 0, @made, pg_current_xact_id() from fit f
  on conflict (id) do nothing
  returning key, lineage
), first as (
  insert into agents.executions (key, instance, execution_id, generation, parent, cut, seed)
  select f.execution, f.key, @execution, @generation, @parent_execution, @cut, @seed from fit f join made m on m.key = f.key
), hot as (
  insert into agents.instances (key, next_seq, owner_epoch, last_commit, claims, updated_at, execution, status, wake_at)
  select f.key, coalesce(@cut, 0), 0, 0, 0, @now, f.execution, @status, @wake from fit f join made m on m.key = f.key
), tagged as (
  insert into agents.tags (instance, name, value)
  select m.key, t.name, t.value from made m, unnest(@tags, @values) as t(name, value)
), kept as (
  insert into agents.dedup (instance, key) select m.key, k.key from made m, unnest(@dedups) as k(key) where k.key is not null
), waiting as (
  insert into agents.inbox (id, instance, kind, visible_at, execution, dedup, body)
  select nextval('agents.inbox_ids'), s.* from (
    select m.key, b.kind, b.visible_at, b.execution, b.dedup, b.body
    from made m, unnest(@kinds, @visible, @executions, @dedups, @bodies) with ordinality
      as b(kind, visible_at, execution, dedup, body, place)
    order by b.place) s
)
insert into agents.payloads (lineage, hash, length, bytes)
select m.lineage, p.hash, p.length, p.bytes from made m, unnest(@hashes, @lengths, @bytes) as p(hash, length, bytes)
order by p.hash
on conflict do nothing
