-- Retention asks for what ended longest ago; it must not look at every run there ever was.
create index details_ended on agents.details (completed_at, key) where completed_at is not null;
