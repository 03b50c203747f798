using Orleans;
using Orleans.Runtime;

namespace Agents.Cluster.Placing;

/// <summary>Stands for one instance in the cluster: where it is active, there the instance is claimed.</summary>
internal interface IInstanceGrain : IGrainWithStringKey
{
    /// <summary>
    /// The instance has something to do and nobody owns it: the node of this activation takes it. Answers which one that is.
    /// <paramref name="asker"/> need not be woken; it waits for the answer.
    /// </summary>
    [Alias("wake")]
    Task<SiloAddress> WakeAsync(SiloAddress? asker);
}

/// <summary>Holds nothing: what an instance is lies in the store, and what makes its owner's writes safe is the fence there.</summary>
[ByLoad]
internal sealed class InstanceGrain(Here here) : Grain, IInstanceGrain
{
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        // Until the engine lets the instance go, however long nobody calls.
        DelayDeactivation(Timeout.InfiniteTimeSpan);
        here.Placed(this.GetPrimaryKeyString(), GrainContext);
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        here.Gone(this.GetPrimaryKeyString(), GrainContext);
        return Task.CompletedTask;
    }

    public Task<SiloAddress> WakeAsync(SiloAddress? asker)
    {
        if (here.Leaving)
        {
            DeactivateOnIdle();
            throw new OrleansException("this node is leaving");
        }

        if (!here.Silo.Equals(asker))
        {
            here.Wake(this.GetPrimaryKeyString());
        }

        return Task.FromResult(here.Silo);
    }
}
