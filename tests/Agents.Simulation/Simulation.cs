using Agents.Engine.Store;
using Agents.Simulation.Bugs;
using Agents.Simulation.Checks;
using Agents.Simulation.Faults;
using Agents.Simulation.Nodes;
using Agents.Simulation.Scheduling;
using Agents.Simulation.Workload;
using Agents.Simulation.World;
using Agents.TestKit.Store;

namespace Agents.Simulation;

/// <summary>What became of a seed.</summary>
sealed record Finding(
    ulong Seed, ulong Hash, IReadOnlyList<string> Breaches, string LastEvents, long Steps, long Commits, int Processes, int Arrivals);

/// <summary>
/// The whole system on one thread from one seed: first safety, while everything fails, then liveness: the faults stop
/// and every run must come to its end.
/// </summary>
sealed class Simulation
{
    static readonly TimeSpan s_livenessBound = TimeSpan.FromHours(1);

    readonly ulong _seed;
    readonly SimRandom _random;
    readonly SimScheduler _scheduler;
    readonly FaultPlan _faults;
    readonly SimWorld _world;
    readonly StorePeek _peek;
    readonly Observer _observer;
    readonly StoreWitness _witness;
    readonly SimCluster _cluster;
    readonly Journal _journal = new();
    readonly Person _person;
    readonly Clients _clients;
    readonly List<Reader> _readers = [];
    readonly HistoryWatch _histories;

    Simulation(ulong seed, SeededBug bug, Action<string>? echo)
    {
        _seed = seed;
        _random = new SimRandom(seed);
        _scheduler = new SimScheduler(_random.Fork());
        _scheduler.Trace.Echo = echo;
        _faults = new FaultPlan(_random.Fork());
        _world = new SimWorld(_scheduler, _random.Fork());
        var store = new SimulatedStore(new SimClock(_scheduler, _scheduler.World));
        SimQueues.Bound(store.Queues, new SimRandom(SimRandom.Hash(seed, "queues")));
        _peek = new StorePeek(store);
        _observer = new Observer(_scheduler, _peek);
        bug.Settle(new BugSite(_scheduler, store, _peek, new SimRandom(SimRandom.Hash(seed, bug.GetType().Name))));
        _witness = new StoreWitness(bug.AtStore(store), _scheduler, _random.Fork(), _faults, _observer);
        _cluster = new SimCluster(
            seed, _scheduler, _random.Fork(), _witness, _faults, _world, _observer, bug);
        _histories = new HistoryWatch(_peek, _observer);
        var lane = _scheduler.NewLane("clients");
        var door = new Door(_scheduler, lane, new SimClock(_scheduler, lane), _cluster, _random.Fork());
        _person = new Person(door, _world, _cluster, _random.Fork(), _journal);
        _clients = new Clients(door, _world, _random.Fork(), _journal, _person);
        foreach (var id in new[] { "run-a", "run-b" })
        {
            _readers.Add(new Reader(id, door, _scheduler, _cluster, _random.Fork(), _observer));
        }

        lane.Post(() => _ = _person.WorkAsync());
        _readers.ForEach(r => lane.Post(() => _ = r.FollowAsync()));
    }

    public static Finding Run(ulong seed, SeededBug? bug = null, Action<string>? echo = null) =>
        new Simulation(seed, bug ?? new SeededBug(), echo).Run();

    Finding Run()
    {
        _cluster.Start();
        _clients.Begin();
        new FaultDriver(_scheduler, _random.Fork(), _cluster, _faults).Begin();
        Watch();
        var safety = _random.Between(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(60));
        _scheduler.RunUntil(() => _observer.Breaches.Count > 0, safety);
        if (_observer.Breaches.Count == 0)
        {
            Settle();
        }

        if (_scheduler.Fault is { } fault)
        {
            _observer.Breach(fault is SimulationException ? fault.Message : fault.ToString());
        }

        // Also after a fault: what is stored often says what it broke.
        var sound = _observer.Breaches.Count == 0;
        foreach (var line in _peek.Verify())
        {
            _observer.Breach((line.Contains("payload", StringComparison.Ordinal) ? "[I10] " : "[I1] ") + line);
        }

        if (sound && _observer.Breaches.Count == 0)
        {
            CheckAll();
        }

        _scheduler.Trace.Mix(_world.Arrivals.Count);
        return new Finding(
            _seed, _scheduler.Trace.Hash, _observer.Breaches, _scheduler.Trace.Last(About()), _scheduler.Steps, _witness.Commits,
            _cluster.Started, _world.Arrivals.Count);
    }

    /// <summary>The instance that the first breach is about; the longest id wins, since ids of forks begin with their run's.</summary>
    string? About() => _observer.Breaches.Count == 0 ? null : _peek.All().Select(v => v.InstanceId)
        .Where(id => _observer.Breaches[0].Contains(id, StringComparison.Ordinal)).MaxBy(id => id.Length);

    /// <summary>The faults stop; now everything must come to its end.</summary>
    void Settle()
    {
        _scheduler.Trace.Say("sim", "the faults stop");
        _faults.IsActive = false;
        _person.Finishing = true;
        var ended = false;
        void Look()
        {
            ended = _clients.AreDone && _peek.AllFinished();
            if (!ended)
            {
                _scheduler.After(TimeSpan.FromSeconds(2), _scheduler.World, Look);
            }
        }

        Look();
        var limit = _scheduler.Elapsed + s_livenessBound;
        if (!_scheduler.RunUntil(() => ended || _observer.Breaches.Count > 0, limit) && _scheduler.Fault is null)
        {
            var left = _peek.All().Where(v => !Contracts.Instances.OrchestrationStatusRules.IsTerminal(v.Status))
                .Select(v => $"{v.InstanceId} ({v.Status}{(v.Parked is null ? "" : ", parked: " + v.Parked)}, {v.InDoubt} in doubt)");
            _observer.Breach($"[I9] the faults stopped an hour ago and not all has ended: {string.Join("; ", left)}");
        }

        // What travels still lands, and readers read to the end.
        _scheduler.RunUntil(() => _observer.Breaches.Count > 0, _scheduler.Elapsed + TimeSpan.FromMinutes(2));
    }

    /// <summary>Looks at all histories now and then while everything is in motion.</summary>
    void Watch() => _scheduler.After(TimeSpan.FromSeconds(5), _scheduler.World, () =>
    {
        _histories.Look();
        if (_faults.IsActive)
        {
            Watch();
        }
    });

    void CheckAll()
    {
        _histories.Look();
        new OutcomeCheck(_peek, _observer, _journal).Run();
        new EffectCheck(_peek, _observer, _journal, _world).Run();
        new ReplayCheck(_peek, _observer).Run();
        foreach (var reader in _readers)
        {
            new StreamCheck(_peek, _observer).Run(reader);
        }
    }
}
