-- Nodes of the cluster on this schema. One version for the whole table: of two nodes that change it at once, one looks again.
create table agents.membership (
  one boolean primary key default true check (one),
  version integer not null
);
insert into agents.membership (version) values (0);

create table agents.members (
  node bytea primary key,
  version integer not null,                -- counts the changes of this row; "I am alive" is none
  gone boolean not null,                   -- left or declared dead
  alive_at bigint not null,
  body bytea not null
);
