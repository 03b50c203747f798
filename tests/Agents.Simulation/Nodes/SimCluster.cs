using Agents.Contracts.Work;
using Agents.Engine;
using Agents.Engine.Store;
using Agents.Replay;
using Agents.Simulation.Bugs;
using Agents.Simulation.Checks;
using Agents.Simulation.Faults;
using Agents.Simulation.Scheduling;
using Agents.Simulation.Workload;
using Agents.Simulation.World;

namespace Agents.Simulation.Nodes;

/// <summary>
/// Starts processes and lets them die. Half of the seeds have one process at a time that knows its predecessors dead; in
/// the others a frozen process and its successor may both live, and nobody can prove that the other is gone.
/// </summary>
sealed class SimCluster(
    ulong seed, SimScheduler scheduler, SimRandom random, IEngineStore shared, FaultPlan faults, SimWorld world,
    Observer observer, SeededBug bug)
{
    static readonly TimeSpan s_restart = TimeSpan.FromMilliseconds(300);

    readonly List<SimNode> _nodes = [];

    // Alone, a process holds a lock that proves every predecessor dead, and nobody can take its place while it sleeps.
    readonly bool _alone = random.Chance(0.5);
    readonly EngineOptions _options = new()
    {
        NodeId = "",
        PayloadBytesMax = random.Pick([64, 200, 4096]),
        GroupWritesMax = random.Pick([1, 3, 512]),
        InboxRowsPerTurn = random.Pick([1, 2, 256]),
        ActivitiesMax = random.Pick([2, 8, 2048]),
        LoadsMax = random.Pick([1, 4, 16]),
        HotBytesMax = random.Pick([10_000L, 60_000L, 512L * 1024 * 1024]),
        SweepEvery = TimeSpan.FromSeconds(random.Pick([2, 10, 30])),
        DeltaTokens = 4,
        DeltaEvery = TimeSpan.FromMilliseconds(30),
    };

    /// <summary>The process that clients reach; null while there is none.</summary>
    public SimNode? Current { get; private set; }

    /// <summary>A process that was declared dead may still be there and act.</summary>
    public bool MayOthersLive => _nodes.Exists(n => n != Current && !n.Lane.IsDead);

    public int Started => _nodes.Count;

    public void Start()
    {
        var name = $"node{_nodes.Count}";
        var lane = scheduler.NewLane(name);
        var clock = new SimClock(scheduler, lane)
        {
            Offset = faults.IsActive ? random.Between(TimeSpan.FromSeconds(-1), TimeSpan.FromSeconds(1)) : TimeSpan.Zero,
            Drift = (random.Below(400) - 200) / 1e6,
        };
        var options = _options with { NodeId = name, PredecessorsProvenDead = _alone };
        var link = new StoreLink(scheduler, lane, shared, faults);
        var model = new SimModel(seed, lane, clock, scheduler);
        var host = new SimActivities(world, model, lane, clock, random.Fork(), observer) { BelievesAbsent = bug.BelievesAbsent };
        var activities = bug.AtActivities(host, clock);
        var environment = new EngineEnvironment(
            clock, new SimIds(random.Fork()), new SimLog(scheduler, lane, observer.Breach));
        var engine = new EngineNode(
            bug.AtNode(link), bug.AtOrchestrators(new OrchestratorHost(SimOrchestrators.All)), activities, options, environment);
        var node = new SimNode { Lane = lane, Clock = clock, Engine = engine, Link = link };
        _nodes.Add(node);
        Current = node;
        scheduler.Trace.Say(name, _alone ? "starts alone" : "starts");
        node.Start(() => Kill(node));
    }

    public void Kill(SimNode node)
    {
        if (node.Lane.IsDead)
        {
            return;
        }

        scheduler.Trace.Say(node.Lane.Name, "dies");
        node.Lane.Kill();
        if (Current == node)
        {
            Current = null;
            scheduler.After(random.Between(TimeSpan.Zero, s_restart), scheduler.World, Start);
        }
    }

    /// <summary>The process stops in the middle of whatever it does; another takes over; it wakes, learns its fate and dies.</summary>
    public void FreezeAndReplace()
    {
        if (Current is not { } node)
        {
            return;
        }

        scheduler.Trace.Say(node.Lane.Name, "freezes");
        node.Lane.Freeze();
        var asleep = random.Between(TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(20));
        if (_alone)
        {
            scheduler.After(asleep, scheduler.World, () =>
            {
                scheduler.Trace.Say(node.Lane.Name, "thaws");
                node.Lane.Thaw();
            });
            return;
        }

        Current = null;
        scheduler.After(random.Between(TimeSpan.Zero, s_restart), scheduler.World, Start);
        scheduler.After(asleep, scheduler.World, () => Thaw(node));
    }

    void Thaw(SimNode node)
    {
        scheduler.Trace.Say(node.Lane.Name, "thaws");
        node.Lane.CrashAt(node.Lane.Ran + random.Between(1, 300), () => Kill(node));
        node.Lane.Thaw();

        // Membership tells it in the end, however little it does.
        scheduler.After(TimeSpan.FromSeconds(3), scheduler.World, () => Kill(node));
    }

    /// <summary>Gives everything up in order, then ends.</summary>
    public void StopGently()
    {
        if (Current is not { IsStarted: true } node)
        {
            return;
        }

        scheduler.Trace.Say(node.Lane.Name, "stops");
        node.Lane.Post(() => _ = StopAsync(node));
    }

    async Task StopAsync(SimNode node)
    {
        await node.Engine.StopAsync(TimeSpan.FromSeconds(2));
        Kill(node);
    }

    /// <summary>Everything goes dark, the store's machine with it; what it had made durable is there afterwards.</summary>
    public void LosePower()
    {
        scheduler.Trace.Say("sim", "power loss");
        foreach (var node in _nodes)
        {
            node.Link.Cut();
            Kill(node);
        }

        bug.PowerLost();
    }
}
