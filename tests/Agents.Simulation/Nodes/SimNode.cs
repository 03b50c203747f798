using Agents.Contracts.Work;
using Agents.Engine;
using Agents.Engine.Store;
using Agents.Simulation.Scheduling;

namespace Agents.Simulation.Nodes;

/// <summary>One process: a lane, a clock, an engine node. It can be killed or frozen between any two callbacks.</summary>
sealed class SimNode
{
    public required SimLane Lane { get; init; }

    public required SimClock Clock { get; init; }

    public required EngineNode Engine { get; init; }

    public required Faults.StoreLink Link { get; init; }

    public bool IsStarted { get; private set; }

    public bool IsLive => !Lane.IsDead && !Lane.IsFrozen;

    /// <summary>Ends at once when the start fails: the process dies and its keeper starts another.</summary>
    public void Start(Action failed) => Lane.Post(() => _ = StartAsync(failed));

    async Task StartAsync(Action failed)
    {
        try
        {
            await Engine.StartAsync(CancellationToken.None);
            IsStarted = true;
        }
        catch (Exception e) when (e is StoreUnavailableException or UnknownOutcomeException)
        {
            failed();
        }
    }
}

/// <summary>Ids of one process, from its own chance.</summary>
sealed class SimIds(SimRandom random) : IIdSource
{
    public Guid NextGuid() => random.NextGuid();
}
