-- A queue of activities with a bound. Who may begin is decided under the lock of its row.
create table agents.queues (
  name bytea primary key,
  concurrency integer,
  per_key integer,
  rate_count integer,
  rate_per bigint,
  paid_until bigint not null,              -- its rate is used up until then
  turns bytea                              -- tenants as JSON, the one that was let in last at the end
);

-- One task in a queue. It counts while its instance has the owner that asked: with another epoch it is over.
create table agents.places (
  id bigint generated always as identity,
  queue bytea not null,
  instance bigint not null,
  epoch bigint not null,
  task integer not null,
  held boolean not null,
  priority integer not null,
  asked_at bigint not null,
  key bytea not null,
  tenant bytea not null,
  instance_id bytea not null,
  node bytea not null,
  primary key (instance, epoch, task)
);
create index places_queue on agents.places (queue, held);
create index places_node on agents.places (node);
