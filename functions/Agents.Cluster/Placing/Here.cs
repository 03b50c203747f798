using System.Collections.Concurrent;
using Agents.Engine.Nodes;
using Orleans;
using Orleans.Runtime;

namespace Agents.Cluster.Placing;

/// <summary>This node as Orleans' objects see it: its engine, and which instances were placed here.</summary>
internal sealed class Here(ILocalSiloDetails details)
{
    readonly ConcurrentDictionary<string, IGrainContext> _placed = new(StringComparer.Ordinal);

    public SiloAddress Silo => details.SiloAddress;

    /// <summary>The engine; null until it joins.</summary>
    public IMember? Engine { get; set; }

    /// <summary>Takes no more instances.</summary>
    public bool Leaving { get; set; }

    public bool IsPlaced(string instanceId) => _placed.ContainsKey(instanceId);

    public void Placed(string instanceId, IGrainContext activation) => _placed[instanceId] = activation;

    public void Gone(string instanceId, IGrainContext activation) =>
        _placed.TryRemove(KeyValuePair.Create(instanceId, activation));

    /// <summary>Takes the instance's activation off this node; completes when it is gone.</summary>
    public Task Release(string instanceId)
    {
        if (!_placed.TryRemove(instanceId, out var activation))
        {
            return Task.CompletedTask;
        }

        activation.Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationRequested, "released"), CancellationToken.None);
        return activation.Deactivated;
    }

    /// <summary>
    /// On a thread of its own: an engine that began its work on the caller's would go on under Orleans' one-at-a-time
    /// scheduler for the rest of its life.
    /// </summary>
    public void Wake(string instanceId) => Tell(engine => engine.Wake(instanceId));

    public void Tell(Action<IMember> what)
    {
        if (Engine is { } engine)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static call => call.what(call.engine), (what, engine), preferLocal: false);
        }
    }
}
