using Agents.Engine.Postgres.Database;
using Npgsql;

namespace Agents.Engine.Postgres.Writes;

/// <summary>
/// One thread that writes groups, one after the other. A thread of its own, because the answer to a group is what all its
/// turns wait for, and on the thread pool it would stand behind everything that those turns have started. It keeps its
/// connection between groups, whose server process has the statements planned and the pages near; but not where other
/// schemas share the pool, of which there may be more than connections.
/// </summary>
internal sealed class Lane(Database.Database database)
{
    NpgsqlConnection? _connection;

    /// <summary>Calls <paramref name="loop"/> on a new thread.</summary>
    public void Start(Action<Lane> loop) =>
        new Thread(() => loop(this)) { IsBackground = true, Name = "agents store writer" }.Start();

    public void Send(Pipeline pipeline)
    {
        _connection ??= database.Open();
        var kept = false;
        try
        {
            new Session(_connection, database.Sql).Send(pipeline);
            kept = !database.IsBorrowed;
        }
        finally
        {
            if (!kept)
            {
                GiveBack();
            }
        }
    }

    public void GiveBack()
    {
        _connection?.Dispose();
        _connection = null;
    }
}
