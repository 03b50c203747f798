using System.Collections.Concurrent;

namespace Agents.Engine.Live;

/// <summary>
/// Tells readers that something of an instance was committed, and those who wait for its end that its owner let go of
/// it: a run of hundreds of commits must not make everyone who waits for the last one look each time. Costs a dictionary
/// look-up when nobody reads.
/// </summary>
internal sealed class LiveHub
{
    readonly ConcurrentDictionary<string, Watch> _commits = new();
    readonly ConcurrentDictionary<string, Watch> _releases = new();

    /// <summary>Ends at the next commit after this call. Take it before reading, await it after.</summary>
    public Watch NextCommit(string instanceId) => Next(_commits, instanceId);

    /// <summary>Ends when an owner next lets go: the instance ended, was parked, evicted, or changed hands.</summary>
    public Watch NextRelease(string instanceId) => Next(_releases, instanceId);

    public void Committed(string instanceId) => Tell(_commits, instanceId);

    public void Released(string instanceId)
    {
        Tell(_commits, instanceId);
        Tell(_releases, instanceId);
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
