using System.Collections.Concurrent;

namespace Agents.Engine.Live;

/// <summary>Tells readers that something of an instance was committed. Costs a dictionary look-up when nobody reads.</summary>
internal sealed class LiveHub
{
    readonly ConcurrentDictionary<string, TaskCompletionSource> _watches = new();

    /// <summary>Completes at the next commit after this call. Take it before reading, await it after.</summary>
    public Task NextCommit(string instanceId) =>
        _watches.GetOrAdd(
            instanceId, static _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    public void Committed(string instanceId)
    {
        if (!_watches.IsEmpty && _watches.TryRemove(instanceId, out var watch))
        {
            watch.TrySetResult();
        }
    }
}
