using System.Data;
using Agents.Engine.Store;
using Npgsql;

namespace Agents.Engine.Postgres.Database;

/// <summary>
/// The database behind a small pool of connections. A connection is held for one transaction and no longer, but by
/// the store's own writer; nothing is set on it, so that a pooler in transaction mode may stand between.
/// </summary>
internal sealed class Database : IAsyncDisposable
{
    readonly NpgsqlDataSource _source;
    bool _disposed;

    public Database(PostgresOptions options)
    {
        var settings = options.Settings();
        settings.ApplicationName = Session = $"{settings.ApplicationName} {Guid.NewGuid():N}";
        Where = $"PostgreSQL {settings.Host ?? "localhost"}:{settings.Port}, database {settings.Database ?? settings.Username}, "
            + $"schema {options.Schema}";
        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString) { Name = "agents store" };
        if (options.PasswordFile is { } file)
        {
            // Read at each new connection: a password may be changed while we run.
            builder.UsePasswordProvider(
                _ => File.ReadAllText(file).TrimEnd('\r', '\n'),
                async (_, cancel) => (await File.ReadAllTextAsync(file, cancel)).TrimEnd('\r', '\n'));
        }

        _source = builder.Build();
        Sql = new Sql(options.Schema);
    }

    /// <summary>Another schema of the same database, behind the same pool, which stays its owner's.</summary>
    public Database(Database beside, string schema)
    {
        _source = beside._source;
        IsBorrowed = true;
        Session = beside.Session;
        Where = beside.Where.Replace($"schema {beside.Sql.Schema}", $"schema {schema}", StringComparison.Ordinal);
        Sql = new Sql(schema);
    }

    /// <summary>Whether the connections are another schema's, lent for one transaction at a time.</summary>
    public bool IsBorrowed { get; }

    /// <summary>What the server knows this process's connections by: its name and a number of its own.</summary>
    public string Session { get; }

    public Sql Sql { get; }

    /// <summary>Address for messages; never a secret.</summary>
    public string Where { get; }

    /// <summary>Lends a connection. Failing here means that nothing was sent.</summary>
    public async Task<NpgsqlConnection> OpenAsync(CancellationToken cancel)
    {
        ObjectDisposedException.ThrowIf(_disposed, typeof(PostgresStore));
        try
        {
            return await _source.OpenConnectionAsync(cancel);
        }
        catch (Exception e) when (NotOpened(e) is { } known)
        {
            throw known;
        }
    }

    /// <summary>The same for a thread that may block.</summary>
    public NpgsqlConnection Open()
    {
        ObjectDisposedException.ThrowIf(_disposed, typeof(PostgresStore));
        try
        {
            return _source.OpenConnection();
        }
        catch (Exception e) when (NotOpened(e) is { } known)
        {
            throw known;
        }
    }

    StoreUnavailableException? NotOpened(Exception e) => e switch
    {
        NpgsqlException fault => PostgresFault.ToUnavailable(fault, Where),
        IOException or UnauthorizedAccessException => new StoreUnavailableException(
            $"AG1112: the password file for {Where} cannot be read: {e.Message}", e),
        _ => null,
    };

    /// <summary>
    /// Whether a pooler stands between: it makes up the process that it names when a connection opens, so that this is not
    /// the one that answers.
    /// </summary>
    public async Task<bool> IsPooledAsync(CancellationToken cancel)
    {
        await using var connection = await OpenAsync(cancel);
        try
        {
            return (int?)await new Session(connection, Sql).ScalarAsync("select pg_backend_pid()", cancel) != connection.ProcessID;
        }
        catch (NpgsqlException e)
        {
            throw PostgresFault.ToUnavailable(e, Where);
        }
    }

    /// <summary>
    /// One statement, or several that need not see one moment. Asked again on another connection where the first had died
    /// in the pool: the server was restarted, or somebody between cut it.
    /// </summary>
    public async Task<T> ReadAsync<T>(Func<Session, Task<T>> read, CancellationToken cancel)
    {
        const int DeadConnectionsMax = 3;
        for (var dead = 0; ; dead++)
        {
            await using var connection = await OpenAsync(cancel);
            try
            {
                return await read(new Session(connection, Sql));
            }
            catch (NpgsqlException e) when (PostgresFault.IsDeadConnection(e) && dead < DeadConnectionsMax)
            {
                NpgsqlConnection.ClearPool(connection);   // the others of the pool are as dead
            }
            catch (NpgsqlException e)
            {
                throw PostgresFault.ToUnavailable(e, Where);
            }
        }
    }

    /// <summary>Several statements that must see one moment.</summary>
    public Task<T> SnapshotAsync<T>(Func<Session, Task<T>> read, CancellationToken cancel) => ReadAsync(
        async session =>
        {
            await using var transaction = await session.BeginAsync(IsolationLevel.RepeatableRead, cancel);
            var result = await read(session);
            await transaction.RollbackAsync(cancel);
            return result;
        },
        cancel);

    /// <summary>A transaction of its own, for rare operations; tried again when it collides with another.</summary>
    public async Task<T> TransactAsync<T>(Func<Session, Task<T>> body, CancellationToken cancel)
    {
        const int TriesMax = 5;
        for (var attempt = 1; ; attempt++)
        {
            await using var connection = await OpenAsync(cancel);
            var committing = false;
            try
            {
                var session = new Session(connection, Sql);
                await using var transaction = await session.BeginAsync(IsolationLevel.ReadCommitted, cancel);
                var result = await body(session);
                committing = true;
                await transaction.CommitAsync(CancellationToken.None);
                return result;
            }
            catch (PostgresException e) when (PostgresFault.IsCollision(e) && attempt < TriesMax)
            {
                // Rolled back; whoever it collided with got through.
            }
            catch (NpgsqlException e)
            {
                throw committing ? PostgresFault.AfterSending(e, Where) : PostgresFault.ToUnavailable(e, Where);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_disposed)
        {
            _disposed = true;
            await (IsBorrowed ? ValueTask.CompletedTask : _source.DisposeAsync());
        }
    }
}
