using Agents.Contracts.Work;
using Agents.Engine.Store;
using Agents.Simulation.Checks;
using Agents.Simulation.Scheduling;
using Agents.Simulation.World;
using Agents.TestKit.Store;

namespace Agents.Simulation.Bugs;

/// <summary>What a bug may use: the simulation it sits in, the store below all faults, and chance of its own.</summary>
sealed record BugSite(SimScheduler Scheduler, SimulatedStore Store, StorePeek Peek, SimRandom Random);

/// <summary>
/// A mistake an engine could make, put in from outside at a seam: in the store itself, in a process's link to it, at its
/// activities or at its orchestrators. This one makes none.
/// </summary>
class SeededBug
{
    BugSite? _site;

    public BugSite Site => _site ?? throw new InvalidOperationException("the bug sits in no simulation");

    public virtual void Settle(BugSite site) => _site = site;

    /// <summary>In the store itself: whoever watches the store's door sees what was asked and what was answered.</summary>
    public virtual IEngineStore AtStore(IEngineStore store) => store;

    /// <summary>Inside a process, in front of its link.</summary>
    public virtual IEngineStore AtNode(IEngineStore link) => link;

    public virtual IActivityHost AtActivities(IActivityHost activities, TimeProvider clock) => activities;

    public virtual IOrchestratorHost AtOrchestrators(IOrchestratorHost orchestrators) => orchestrators;

    public virtual bool BelievesAbsent(ActivityWorkItem item, SimTool tool) =>
        tool.Fences || (item.PredecessorGone && !tool.IsRemote);

    /// <summary>Everything has just gone dark, the store's machine with it.</summary>
    public virtual void PowerLost()
    {
    }
}
