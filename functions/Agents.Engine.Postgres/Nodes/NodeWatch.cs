using Agents.Engine.Postgres.Database;

namespace Agents.Engine.Postgres.Nodes;

/// <summary>Looks at the nodes from outside.</summary>
internal static class NodeWatch
{
    static readonly TimeSpan s_between = TimeSpan.FromMilliseconds(100);

    public static Task<List<NodeRow>> ReadAsync(Database.Database database, CancellationToken cancel) => database.ReadAsync(
        session => session.QueryAsync(
            session.Call("ListNodes"),
            row => new NodeRow(row.Text(0), row.Long(1), TimeSpan.FromMilliseconds(row.Int(2))), cancel),
        cancel);

    public static async Task<bool> IsAnyAtWorkAsync(Database.Database database, TimeProvider clock, CancellationToken cancel)
    {
        var before = await ReadAsync(database, cancel);
        var began = clock.GetTimestamp();
        while (before.Count > 0 && clock.GetElapsedTime(began) < 2 * before.Max(node => node.Every))
        {
            await Task.Delay(s_between, clock, cancel);
            var now = await ReadAsync(database, cancel);
            if (now.Exists(node => before.Find(earlier => earlier.Id == node.Id)?.Beats != node.Beats))
            {
                return true;
            }
        }

        return false;
    }
}
