-- As SQLite's.
select id from agents.details where parent = @parent and not hidden order by key
