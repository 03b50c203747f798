using Agents.Engine.Store;
using Orleans.Runtime;

namespace Agents.Cluster.Members;

/// <summary>
/// Nodes that ended in the place that this one holds now, under its lock: they are dead, nobody need find out by asking
/// them, and nobody that joins need wait for them.
/// </summary>
internal static class Predecessors
{
    const int TriesMax = 10;

    public static async Task BuryAsync(IMemberStore store, string place, CancellationToken cancel)
    {
        for (var attempt = 0; place.Length > 0 && attempt < TriesMax; attempt++)
        {
            var table = await store.ReadAsync(cancel);
            var dead = table.Rows.FirstOrDefault(row => !row.Gone && MemberBody.Entry(row).RoleName == place);
            if (dead is null)
            {
                return;
            }

            var entry = MemberBody.Entry(dead);
            entry.Status = SiloStatus.Dead;
            await store.EndSessionAsync(entry.SiloName, cancel);
            await store.WriteAsync(MemberBody.Row(entry), dead.Version, table.Version, cancel);
        }
    }
}
