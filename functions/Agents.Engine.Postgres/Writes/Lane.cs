using Agents.Engine.Postgres.Database;
using Npgsql;

namespace Agents.Engine.Postgres.Writes;

/// <summary>
/// One thread that writes groups over a connection that it keeps: its server process has the statements planned and the
/// pages near. A thread of its own, because the answer to a group is what all its turns wait for, and on the thread pool
/// it would stand behind everything that those turns have started.
/// </summary>
internal sealed class Lane(Database.Database database, TimeProvider clock)
{
    // Whoever stands between may forget a connection that says nothing for long; a write must not find that out.
    static readonly TimeSpan s_keptAtMost = TimeSpan.FromSeconds(30);

    NpgsqlConnection? _connection;
    long _usedAt;

    /// <summary>Calls <paramref name="loop"/> on a new thread.</summary>
    public void Start(Action<Lane> loop) =>
        new Thread(() => loop(this)) { IsBackground = true, Name = "agents store writer" }.Start();

    public void Send(Pipeline pipeline)
    {
        if (_connection is not null && clock.GetElapsedTime(_usedAt) > s_keptAtMost)
        {
            GiveBack();
        }

        _connection ??= database.Open();
        try
        {
            new Session(_connection, database.Sql).Send(pipeline);
            _usedAt = clock.GetTimestamp();
        }
        catch
        {
            GiveBack();
            throw;
        }
    }

    public void GiveBack()
    {
        _connection?.Dispose();
        _connection = null;
    }
}
