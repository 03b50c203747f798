-- As SQLite's.
select key from agents.details where id = @id and not hidden
