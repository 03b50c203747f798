-- Processes that run instances of this schema. A row that stops counting belongs to a process that is gone or stands still.
create table agents.nodes (
  id bytea primary key,
  beats bigint not null,
  every_ms integer not null,               -- how soon it means to count again
  place bytea                              -- folder that one process at a time can hold: a successor there proves it dead
);
