create sequence agents.instance_keys;     -- never used twice: a stale owner of a purged instance must meet no other
create sequence agents.execution_keys;
create sequence agents.inbox_ids;

-- The hot row of an instance: what a commit changes, and what the sweep looks at. Half-filled pages keep its updates in place.
create table agents.instances (
  key bigint primary key,
  next_seq bigint not null,
  owner_epoch bigint not null,
  last_commit bigint not null,
  claims integer not null,                 -- claims without progress
  updated_at bigint not null,              -- times are .NET ticks: finer than a timestamp keeps
  execution bigint not null,               -- key of the current execution
  status integer not null,
  fence_slot integer not null default 0,   -- with fence_xid: the commit that last passed the fence; its other statements look here
  fence_xid xid8 not null default '0',
  wake_at bigint,
  owner bytea,
  parked bytea
) with (fillfactor = 50);
create index instances_owned on agents.instances (owner) where owner is not null;
create index instances_wake on agents.instances (wake_at) where wake_at is not null and owner is null;

-- What seldom changes, and what only people read. Text is kept as UTF-8 bytes: NUL and half a character are legal in .NET.
create table agents.details (
  key bigint primary key,
  id bytea not null,
  name bytea not null,
  version bytea,
  lineage bigint not null,
  parent bytea,
  digest bytea not null,
  created_at bigint not null,
  completed_at bigint,
  hidden boolean not null,                 -- purged, but a live fork still shares its history
  in_doubt integer not null,
  made_slot integer not null,
  made_xid xid8 not null,                  -- the write that made it: its other statements look here
  custom_status bytea,
  output bytea,
  failure bytea
);
create unique index details_id on agents.details (id);
create index details_created on agents.details (created_at, key);
create index details_parent on agents.details (parent) where parent is not null;
create index details_lineage on agents.details (lineage);

create table agents.tags (
  instance bigint not null,
  name bytea not null,
  value bytea not null,
  primary key (instance, name)
);
create index tags_value on agents.tags (name, value);

create table agents.executions (
  key bigint primary key,
  instance bigint not null,
  execution_id bytea not null,
  generation integer not null,
  parent bigint,                           -- history before the cut is this execution's
  cut bigint,
  seed bytea not null
);
create index executions_instance on agents.executions (instance, generation);
create index executions_parent on agents.executions (parent) where parent is not null;

-- One row a commit, compressed before it comes here.
create table agents.history (
  execution bigint not null,
  first_seq bigint not null,
  count integer not null,
  bytes bytea not null,
  primary key (execution, first_seq)
);
alter table agents.history alter column bytes set storage external;

create table agents.inbox (
  id bigint primary key,
  instance bigint not null,
  kind integer not null,
  visible_at bigint not null,              -- 0: at once
  closed boolean not null default false,   -- its instance is finished, nobody will take it
  execution bytea,
  dedup bytea,
  body bytea not null
);
create index inbox_instance on agents.inbox (instance);
create index inbox_due on agents.inbox (visible_at) where not closed;

create table agents.dedup (
  instance bigint not null,
  key bytea not null,
  primary key (instance, key)
);

create table agents.payloads (
  lineage bigint not null,
  hash bytea not null,
  length integer not null,
  bytes bytea not null,
  primary key (lineage, hash)
);
alter table agents.payloads alter column bytes set storage external;

create table agents.ledger (
  id bigint generated always as identity,
  key bytea primary key,
  instance bigint not null,
  execution bytea not null,
  task integer not null,
  tool bytea not null,
  state integer not null,
  token bytea not null,
  intent_at bigint not null,
  settled_at bigint,
  receipt bytea,
  evidence bytea
);
create index ledger_instance on agents.ledger (instance);

create table agents.deltas (
  instance bigint not null,
  generation integer not null,
  after_seq bigint not null,
  row_no integer not null,
  task integer not null,
  attempt integer not null,
  start integer not null,
  length integer not null,
  kind bytea not null,
  text bytea,
  message_seq bigint,
  primary key (instance, generation, after_seq, row_no)
);
-- A fold must not look at every delta the run ever had. Folded rows leave this index, so it stays as small as what is open.
create index deltas_open on agents.deltas (instance, task) where text is not null;

create table agents.tombstones (
  id bytea primary key,
  digest bytea not null,
  purged_at bigint not null
);
create index tombstones_age on agents.tombstones (purged_at);

-- Ends a statement, and with it its transaction, because one write of the group cannot be taken. The writer hears which
-- statement it was and writes the group again without it.
create function agents.refuse(why text) returns boolean language plpgsql volatile as $$
begin
  raise exception using errcode = 'AG001', message = why;
end
$$;
