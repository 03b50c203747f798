using Npgsql;

namespace Agents.Engine.Postgres.Writes;

/// <summary>
/// Connections that groups are written over. The one used last is used next: its server process has the statements
/// planned and the pages near, while a pool that goes round would wake another process for each group.
/// </summary>
internal sealed class WriteConnections(Database.Database database, TimeProvider clock) : IAsyncDisposable
{
    // Whoever stands between may forget a connection that says nothing for long; a write must not find that out.
    static readonly TimeSpan s_keptAtMost = TimeSpan.FromSeconds(30);

    readonly Lock _gate = new();
    readonly Stack<(NpgsqlConnection Connection, long UsedAt)> _kept = new();

    public async Task UseAsync(Func<NpgsqlConnection, Task> use)
    {
        var connection = await TakeAsync();
        try
        {
            await use(connection);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }

        lock (_gate)
        {
            _kept.Push((connection, clock.GetTimestamp()));
        }
    }

    public async ValueTask DisposeAsync()
    {
        while (Pop() is { } kept)
        {
            await kept.Connection.DisposeAsync();
        }
    }

    async Task<NpgsqlConnection> TakeAsync()
    {
        while (Pop() is { } kept)
        {
            if (clock.GetElapsedTime(kept.UsedAt) < s_keptAtMost)
            {
                return kept.Connection;
            }

            await kept.Connection.DisposeAsync();
        }

        return await database.OpenAsync(CancellationToken.None);
    }

    (NpgsqlConnection Connection, long UsedAt)? Pop()
    {
        lock (_gate)
        {
            return _kept.TryPop(out var kept) ? kept : null;
        }
    }
}
