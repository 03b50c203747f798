using Agents.Contracts.Work;
using Agents.Engine.Store;
using Agents.Simulation.Faults;
using Agents.Simulation.World;

namespace Agents.Simulation.Bugs;

/// <summary>
/// A mistake an engine could make, put in from outside at a seam: on the store's machine, in a process's link to it, at
/// its activities or at its orchestrators. This one makes none.
/// </summary>
class SeededBug
{
    public virtual string Name => "none";

    /// <summary>On the store's machine, before anything is written.</summary>
    public virtual IEngineStore AtStore(IEngineStore store) => store;

    /// <summary>Inside a process, in front of its link.</summary>
    public virtual IEngineStore AtNode(IEngineStore link) => link;

    public virtual IActivityHost AtActivities(IActivityHost activities) => activities;

    public virtual IOrchestratorHost AtOrchestrators(IOrchestratorHost orchestrators) => orchestrators;

    public virtual bool BelievesAbsent(ActivityWorkItem item, SimTool tool) =>
        tool.Fences || (item.PredecessorGone && !tool.IsRemote);
}
