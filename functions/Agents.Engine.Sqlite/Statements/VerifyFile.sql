-- SQLite only: the file's own pages; PostgreSQL has amcheck for its owner.
pragma integrity_check(10)
