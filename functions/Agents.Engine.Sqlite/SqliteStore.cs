using Agents.Engine.Sqlite.Admin;
using Agents.Engine.Sqlite.Database;
using Agents.Engine.Sqlite.Queues;
using Agents.Engine.Sqlite.Reads;
using Agents.Engine.Sqlite.Writes;
using Agents.Engine.Store;

namespace Agents.Engine.Sqlite;

/// <summary>
/// The store seams over one SQLite file: write-ahead log, every commit synced, one writer thread, reads on the caller's
/// thread. See README.md of this project.
/// </summary>
public sealed class SqliteStore : IEngineStore
{
    readonly DataDirectory _directory;
    readonly Connection _connection;
    readonly Writer _writer;
    readonly ReadPool _pool;
    bool _disposed;

    SqliteStore(DataDirectory directory, Connection connection, SqliteOptions options, TimeProvider clock)
    {
        _directory = directory;
        _connection = connection;
        _writer = new Writer(connection, options);
        _pool = new ReadPool(directory.Database, options);
        Writes = new WriteSeam(_writer, _pool);
        Owner = new OwnerReads(_pool, clock);
        Queries = new QueryReads(_pool);
        Admin = new AdminWrites(_writer, _pool);
        Queues = new QueueRows(_writer, _pool);
    }

    public IWriteStore Writes { get; }

    public IOwnerStore Owner { get; }

    public IQueryStore Queries { get; }

    public IAdminStore Admin { get; }

    public IQueueStore Queues { get; }

    /// <summary>The directory that holds the file, as a full path.</summary>
    public string DataDirectory => _directory.Path;

    /// <summary>Ledger changes that were skipped because their attempt was no longer the current one.</summary>
    public long StaleLedgerWrites => _writer.StaleLedgerWrites;

    /// <summary>Process that holds the directory, or held it last; null when nobody ever did or it cannot be read.</summary>
    public static int? HolderOf(string path) => Sqlite.DataDirectory.HolderOf(path);

    /// <summary>
    /// Opens (or makes) the store in a data directory and holds the directory. Throws
    /// <see cref="DataDirectoryInUseException"/> when another process hosts it and
    /// <see cref="StoreUnavailableException"/> when it cannot be opened.
    /// </summary>
    public static SqliteStore Open(string path, SqliteOptions options, TimeProvider clock)
    {
        var directory = Sqlite.DataDirectory.Hold(path);
        Connection? connection = null;
        try
        {
            directory.CreateDatabaseFile();
            connection = Connection.Open(directory.Database, options);
            Schema.Prepare(connection, options);
            directory.MarkUsed();
            return new SqliteStore(directory, connection, options, clock);
        }
        catch (Exception e)
        {
            connection?.Dispose();
            directory.Dispose();
            if (e is SqliteFault fault)
            {
                throw fault.ToUnavailable();
            }

            throw;
        }
    }

    public ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return ValueTask.CompletedTask;
        }

        _disposed = true;
        _writer.Dispose();
        _pool.Dispose();
        _connection.Dispose();   // the last connection copies the write-ahead log back and removes it
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }
}
