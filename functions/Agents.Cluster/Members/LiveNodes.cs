using System.Collections.Concurrent;
using Orleans.Runtime;

namespace Agents.Cluster.Members;

/// <summary>Who is at work, as Orleans last said.</summary>
internal sealed class LiveNodes(IClusterMembershipService silos, SiloAddress here)
{
    // A node's name is never used twice: what was dead once stays so, and need not be asked about again.
    readonly ConcurrentDictionary<string, bool> _dead = new(StringComparer.Ordinal);
    State _state = new([], [here.ToParsableString()]);

    public sealed record Change(IReadOnlyList<SiloAddress> Come, IReadOnlyList<SiloAddress> Gone);

    sealed record State(IReadOnlyList<SiloAddress> Others, IReadOnlyCollection<string> Ids);

    public IReadOnlyList<SiloAddress> Others => Volatile.Read(ref _state).Others;

    public IReadOnlyCollection<string> Ids => Volatile.Read(ref _state).Ids;

    public Change Take(ClusterMembershipSnapshot snapshot)
    {
        var others = snapshot.Members.Values.Where(m => IsAtWork(m.Status) && !m.SiloAddress.Equals(here))
            .Select(m => m.SiloAddress).Order().ToList();
        var before = Interlocked.Exchange(
            ref _state, new State(others, [.. others.Select(o => o.ToParsableString()), here.ToParsableString()]));
        return new Change([.. others.Except(before.Others)], [.. before.Others.Except(others)]);
    }

    /// <summary>The node that owns something, if it lives; one that is not known is asked for in the store once.</summary>
    public async ValueTask<SiloAddress?> FindAsync(string nodeId, CancellationToken cancel)
    {
        if (_dead.ContainsKey(nodeId) || !SiloAddress.TryParse(nodeId, out var silo))
        {
            return null;
        }

        if (silos.CurrentSnapshot.GetSiloStatus(silo) == SiloStatus.None)
        {
            await silos.Refresh(default, cancel);
        }

        if (IsAtWork(silos.CurrentSnapshot.GetSiloStatus(silo)))
        {
            return silo;
        }

        _dead[nodeId] = true;
        return null;
    }

    // One that is leaving still gives its instances up itself, unless it dies of it.
    static bool IsAtWork(SiloStatus status) => status is SiloStatus.Joining or SiloStatus.Active or SiloStatus.ShuttingDown;
}
