using System.Collections.Concurrent;
using Agents.Engine.Sqlite.Database;

namespace Agents.Engine.Sqlite.Reads;

/// <summary>
/// Connections for reading, made when needed and kept. A read runs on the caller's thread: SQLite has no other way, and
/// pretending would cost a thread. Readers see what was committed when they begin; the writer never waits for them.
/// </summary>
internal sealed class ReadPool(string path, SqliteOptions options) : IDisposable
{
    readonly ConcurrentBag<Connection> _idle = [];
    readonly SemaphoreSlim _free = new(options.ReadConnectionsMax);

    public T Read<T>(Func<Connection, T> read, CancellationToken cancel)
    {
        _free.Wait(cancel);
        try
        {
            var connection = _idle.TryTake(out var kept) ? kept : Open();
            try
            {
                return read(connection);
            }
            finally
            {
                _idle.Add(connection);
            }
        }
        catch (SqliteFault e)
        {
            throw e.ToUnavailable();
        }
        finally
        {
            _free.Release();
        }
    }

    public Task<T> ReadAsync<T>(Func<Connection, T> read, CancellationToken cancel)
    {
        try
        {
            return Task.FromResult(Read(read, cancel));
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return Task.FromCanceled<T>(cancel);
        }
        catch (Exception e)
        {
            return Task.FromException<T>(e);
        }
    }

    /// <summary>Several statements that must see one moment.</summary>
    public Task<T> SnapshotAsync<T>(Func<Connection, T> read, CancellationToken cancel) => ReadAsync(
        connection =>
        {
            connection.Run("begin");
            try
            {
                return read(connection);
            }
            finally
            {
                connection.Run("rollback");
            }
        },
        cancel);

    public void Dispose()
    {
        while (_idle.TryTake(out var connection))
        {
            connection.Dispose();
        }

        _free.Dispose();
    }

    Connection Open()
    {
        var connection = Connection.Open(path, options);
        Schema.Configure(connection, options with { CacheBytes = options.CacheBytes / options.ReadConnectionsMax });
        connection.Run("pragma query_only = on");
        return connection;
    }
}
