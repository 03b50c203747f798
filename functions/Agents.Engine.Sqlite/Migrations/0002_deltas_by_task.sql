-- A fold must not look at every delta the run ever had. Folded rows leave this index, so it stays as small as what is open.
create index deltas_open on deltas (instance, task) where text is not null;
