using Agents.Engine.Store;
using Orleans.Runtime;

namespace Agents.Cluster.Members;

/// <summary>
/// Members that are listed as at work and are not. Who joins would wait for them to answer: a long time, where the whole
/// cluster was killed. One that ended in the place which this node holds now, under its lock, is dead; so is one whose
/// address refuses connections. One that cannot be reached at all is left to the time that runs out for it.
/// </summary>
internal static class Predecessors
{
    const int TriesMax = 3;

    public static async Task BuryAsync(IMemberStore store, string place, CancellationToken cancel)
    {
        var listed = (await store.ReadAsync(cancel)).Rows.Where(row => !row.Gone).ToList();
        var gone = await Task.WhenAll(listed.Select(row => IsGoneAsync(row, place, cancel)));
        foreach (var node in listed.Where((_, i) => gone[i]).Select(row => row.Node))
        {
            await BuryOneAsync(store, node, cancel);
        }
    }

    static async Task<bool> IsGoneAsync(MemberRow row, string place, CancellationToken cancel)
    {
        var entry = MemberBody.Entry(row);
        return (place.Length > 0 && entry.RoleName == place)
            || await ClusterWatch.AnswersAsync(entry.SiloAddress, cancel) == false;
    }

    static async Task BuryOneAsync(IMemberStore store, string node, CancellationToken cancel)
    {
        for (var attempt = 0; attempt < TriesMax; attempt++)
        {
            var table = await store.ReadAsync(cancel);
            if (table.Rows.FirstOrDefault(row => row.Node == node && !row.Gone) is not { } row)
            {
                return;
            }

            var entry = MemberBody.Entry(row);
            entry.Status = SiloStatus.Dead;
            await store.EndSessionAsync(entry.SiloName, cancel);
            if (await store.WriteAsync(MemberBody.Row(entry), row.Version, table.Version, cancel))
            {
                return;
            }
        }
    }
}
