using Agents.Cluster.Placing;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;
using Orleans.Runtime.Services;
using Orleans.Services;

namespace Agents.Cluster.Talk;

/// <summary>What nodes say to one another besides placing instances. Hints, all of it: the store has the truth.</summary>
internal interface INodeService : IGrainService
{
    /// <summary>An instance that the called node owns has something to do.</summary>
    [Alias("wake")]
    Task WakeAsync(string instanceId);

    /// <summary>A reader at <paramref name="reader"/> wants to hear of these instances for a while.</summary>
    [Alias("listen")]
    Task ListenAsync(SiloAddress reader, IReadOnlyList<string> instanceIds);

    [OneWay, Alias("changed")]
    Task ChangedAsync(IReadOnlyList<string> committed, IReadOnlyList<string> released);

    [Alias("report")]
    Task ReportAsync(SiloAddress node, NodeLoad load);
}

[Reentrant]
internal sealed class NodeService(
    GrainId id, Silo silo, ILoggerFactory loggers, Here here, LoadBoard board, Listeners listeners)
    : GrainService(id, silo, loggers), INodeService
{
    public Task WakeAsync(string instanceId)
    {
        here.Wake(instanceId);
        return Task.CompletedTask;
    }

    public Task ListenAsync(SiloAddress reader, IReadOnlyList<string> instanceIds)
    {
        listeners.Add(reader, instanceIds);
        return Task.CompletedTask;
    }

    public Task ChangedAsync(IReadOnlyList<string> committed, IReadOnlyList<string> released)
    {
        here.Tell(engine =>
        {
            foreach (var instance in committed)
            {
                engine.ChangedElsewhere(instance, released: false);
            }

            foreach (var instance in released)
            {
                engine.ChangedElsewhere(instance, released: true);
            }
        });
        return Task.CompletedTask;
    }

    public Task ReportAsync(SiloAddress node, NodeLoad load)
    {
        board.Report(node, load);
        return Task.CompletedTask;
    }
}

/// <summary>Calls to the others' <see cref="NodeService"/>.</summary>
internal sealed class NodeServices(IServiceProvider services) : GrainServiceClient<INodeService>(services)
{
    public INodeService At(SiloAddress node) => GetGrainService(node);
}
