-- Not in SQLite's, which has one node. Only sessions of our own user: more we may not end, and need not.
select pg_terminate_backend(pid) from pg_stat_activity
where application_name = convert_from(@session, 'UTF8') and usename = current_user
