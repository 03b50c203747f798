using System.Collections.Concurrent;
using Orleans.Runtime;

namespace Agents.Cluster.Placing;

/// <summary>
/// What this node knows of everybody's load: the last report of each, and what was placed there from here since. A node
/// that has reported nothing yet is taken for an empty one: it has just joined.
/// </summary>
internal sealed class LoadBoard(double memoryMax)
{
    readonly ConcurrentDictionary<SiloAddress, Entry> _entries = new();

    public void Report(SiloAddress node, NodeLoad load) => _entries[node] = new Entry(load);

    public void Forget(SiloAddress node) => _entries.TryRemove(node, out _);

    public NodeLoad Of(SiloAddress node) => _entries.TryGetValue(node, out var entry) ? entry.Load : default;

    /// <summary>
    /// Where a new instance goes: to the least loaded of those that stay and have memory; here unless another has clearly
    /// less, because here costs no call. Null: all are leaving.
    /// </summary>
    public SiloAddress? Choose(IReadOnlyList<SiloAddress> candidates, SiloAddress here)
    {
        var staying = candidates.Where(c => !Of(c).Leaving).ToList();
        var roomy = staying.Where(c => Of(c).Memory < memoryMax).ToList();
        var from = roomy.Count > 0 ? roomy : staying;
        if (from.Count == 0)
        {
            return null;
        }

        var least = from.MinBy(c => (Weight(c), c.GetConsistentHashCode()))!;
        var chosen = from.Contains(here) && Weight(here) <= Weight(least) + Balance.Slack(Weight(least)) ? here : least;
        _entries.GetOrAdd(chosen, static _ => new Entry(default)).Place();
        return chosen;
    }

    int Weight(SiloAddress node) => _entries.TryGetValue(node, out var entry) ? entry.Weight : 0;

    sealed class Entry(NodeLoad load)
    {
        int _placed;

        public NodeLoad Load => load;

        public int Weight => load.Instances + Volatile.Read(ref _placed);

        public void Place() => Interlocked.Increment(ref _placed);
    }
}
