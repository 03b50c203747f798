using System.Collections.Concurrent;
using Agents.Engine.Nodes;

namespace Agents.Engine.Live;

/// <summary>
/// Tells readers that something of an instance was committed, and those who wait for its end that its owner let go of
/// it: a run of hundreds of commits must not make everyone who waits for the last one look each time. Costs a dictionary
/// look-up when nobody reads. What other nodes commit comes in by <see cref="ChangedElsewhere"/>.
/// </summary>
internal sealed class LiveHub(ICommitNews news)
{
    readonly ConcurrentDictionary<string, Watch> _commits = new();
    readonly ConcurrentDictionary<string, Watch> _releases = new();

    /// <summary>Ends at the next commit after this call. Take it before reading, await it after.</summary>
    public Watch NextCommit(string instanceId) => Next(_commits, instanceId);

    /// <summary>Ends when an owner next lets go: the instance ended, was parked, evicted, or changed hands.</summary>
    public Watch NextRelease(string instanceId) => Next(_releases, instanceId);

    /// <summary>
    /// Between taking a watch and reading: from here on the commits of other nodes end the watch too. Answers how long to
    /// wait for it at most before reading again; null: for ever.
    /// </summary>
    public ValueTask<TimeSpan?> ListenAsync(string instanceId, CancellationToken cancel) => news.ListenAsync(instanceId, cancel);

    public void Committed(string instanceId)
    {
        Tell(_commits, instanceId);
        news.Committed(instanceId);
    }

    public void Released(string instanceId)
    {
        Tell(_commits, instanceId);
        Tell(_releases, instanceId);
        news.Released(instanceId);
    }

    public void ChangedElsewhere(string instanceId, bool released)
    {
        Tell(_commits, instanceId);
        if (released)
        {
            Tell(_releases, instanceId);
        }
    }

    static Watch Next(ConcurrentDictionary<string, Watch> watches, string instanceId) =>
        watches.GetOrAdd(instanceId, static _ => new Watch());

    static void Tell(ConcurrentDictionary<string, Watch> watches, string instanceId)
    {
        if (!watches.IsEmpty && watches.TryRemove(instanceId, out var watch))
        {
            watch.Fire();
        }
    }
}
