-- Unlike SQLite's: of many instances at once.
select instance, name, value from agents.tags where instance = any(@keys) order by instance, name
