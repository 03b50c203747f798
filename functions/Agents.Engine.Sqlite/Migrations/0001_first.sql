-- The hot row of an instance: what a commit changes, and what the sweep looks at. Small, so that 64 of them share a page.
create table instances (
  key integer primary key autoincrement,   -- never used twice: a stale owner of a purged instance must meet no other
  next_seq integer not null,
  owner_epoch integer not null,
  last_commit integer not null,
  claims integer not null,                 -- claims without progress
  updated_at integer not null,
  execution integer not null,              -- key of the current execution
  status integer not null,
  wake_at integer,
  owner text,
  parked text
);
create index instances_owned on instances (owner) where owner is not null;
create index instances_wake on instances (wake_at) where wake_at is not null and owner is null;

-- What seldom changes, and what only people read.
create table details (
  key integer primary key,
  id text not null,
  name text not null,
  version text,
  lineage integer not null,
  parent text,
  digest text not null,
  created_at integer not null,
  completed_at integer,
  hidden integer not null,                 -- purged, but a live fork still shares its history
  in_doubt integer not null,
  custom_status blob,
  output blob,
  failure blob
);
create unique index details_id on details (id);
create index details_created on details (created_at);
create index details_parent on details (parent) where parent is not null;
create index details_lineage on details (lineage);

create table tags (
  instance integer not null,
  name text not null,
  value text not null,
  primary key (instance, name)
) without rowid;
create index tags_value on tags (name, value);

create table executions (
  key integer primary key autoincrement,
  instance integer not null,
  execution_id text not null,
  generation integer not null,
  parent integer,                          -- history before the cut is this execution's
  cut integer,
  seed text not null
);
create index executions_instance on executions (instance, generation);
create index executions_parent on executions (parent) where parent is not null;

-- One row a commit. A rowid table with an index: clustering by execution would split pages at every commit.
create table history (
  execution integer not null,
  first_seq integer not null,
  count integer not null,
  bytes blob not null
);
create unique index history_place on history (execution, first_seq);

create table inbox (
  id integer primary key,
  instance integer not null,
  kind integer not null,
  visible_at integer not null,             -- 0: at once
  closed integer not null,                 -- 1: its instance is finished, nobody will take it
  execution text,
  dedup text,
  body blob not null
);
create index inbox_instance on inbox (instance);
create index inbox_due on inbox (visible_at) where closed = 0;

create table dedup (
  instance integer not null,
  key text not null,
  primary key (instance, key)
) without rowid;

create table payloads (
  lineage integer not null,
  hash blob not null,
  length integer not null,
  bytes blob not null
);
create unique index payloads_hash on payloads (lineage, hash);

create table ledger (
  key text not null,
  instance integer not null,
  execution text not null,
  task integer not null,
  tool text not null,
  state integer not null,
  token text not null,
  intent_at integer not null,
  settled_at integer,
  receipt blob,
  evidence blob
);
create unique index ledger_key on ledger (key);
create index ledger_instance on ledger (instance);

create table deltas (
  instance integer not null,
  generation integer not null,
  after_seq integer not null,
  row integer not null,
  task integer not null,
  attempt integer not null,
  start integer not null,
  length integer not null,
  kind text not null,
  text blob,
  message_seq integer
);
create unique index deltas_place on deltas (instance, generation, after_seq, row);

create table tombstones (
  id text primary key,
  digest text not null,
  purged_at integer not null
) without rowid;
create index tombstones_age on tombstones (purged_at);
