-- What all nodes of this schema must agree on.
create table agents.settings (
  name text primary key,
  value bytea not null
);
