-- A queue of activities with a bound. Who may begin is decided in one transaction.
create table queues (
  name text primary key,
  concurrency integer,
  per_key integer,
  rate_count integer,
  rate_per integer,
  paid_until integer not null,             -- its rate is used up until then
  turns blob                               -- tenants as JSON, the one that was let in last at the end
) without rowid;

-- One task in a queue. It counts while its instance has the owner that asked: with another epoch it is over.
create table places (
  id integer primary key,
  queue text not null,
  instance integer not null,
  epoch integer not null,
  task integer not null,
  held integer not null,
  priority integer not null,
  asked_at integer not null,
  key text not null,
  tenant text not null,
  instance_id text not null,
  node text not null
);
create unique index places_task on places (instance, epoch, task);
create index places_queue on places (queue, held);
create index places_node on places (node);
