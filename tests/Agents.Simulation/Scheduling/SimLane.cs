namespace Agents.Simulation.Scheduling;

/// <summary>
/// One process, or anything else that runs by itself: every await inside comes back here. Once dead, nothing of it ever
/// runs again; frozen, it runs when thawed, while the world goes on.
/// </summary>
sealed class SimLane(SimScheduler scheduler, string name, int number) : SynchronizationContext
{
    readonly List<(SendOrPostCallback Callback, object? State)> _held = [];

    public string Name => name;

    public int Number => number;

    public bool IsDead { get; private set; }

    public bool IsFrozen { get; private set; }

    /// <summary>Callbacks run so far.</summary>
    public long Ran { get; private set; }

    long _crashAt = long.MaxValue;
    Action? _crash;

    /// <summary>Ends this lane right behind that callback.</summary>
    public void CrashAt(long ran, Action crash) => (_crashAt, _crash) = (ran, crash);

    public void Counted()
    {
        if (++Ran >= _crashAt)
        {
            _crashAt = long.MaxValue;
            _crash!();
        }
    }

    public override void Post(SendOrPostCallback d, object? state)
    {
        scheduler.AssertThread(name);
        if (IsDead)
        {
            return;
        }

        if (IsFrozen)
        {
            _held.Add((d, state));
            return;
        }

        scheduler.Ready(this, d, state);
    }

    public void Post(Action action) => Post(static a => ((Action)a!)(), action);

    public override void Send(SendOrPostCallback d, object? state) =>
        throw new SimulationException($"lane {name}: Send would block the simulator");

    public override SynchronizationContext CreateCopy() => this;

    public void Kill()
    {
        IsDead = true;
        _held.Clear();
    }

    public void Freeze() => IsFrozen = true;

    public void Thaw()
    {
        IsFrozen = false;
        foreach (var (callback, state) in _held)
        {
            Post(callback, state);
        }

        _held.Clear();
    }

    /// <summary>Takes a callback back that was chosen while the lane is frozen.</summary>
    public void Hold(SendOrPostCallback d, object? state) => _held.Add((d, state));
}

/// <summary>The simulation cannot go on, or what it watches broke a promise.</summary>
sealed class SimulationException(string message) : Exception(message);
