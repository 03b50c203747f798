namespace Agents.Simulation.Scheduling;

/// <summary>
/// The one thread of a simulation. Whatever is ready may run next, and chance says which: that is the interleaving.
/// Time passes only here; when nothing is ready it jumps to the next thing due.
/// </summary>
sealed class SimScheduler
{
    readonly List<Callback> _ready = [];
    readonly PriorityQueue<SimTimer, (long Due, long Order)> _timers = new();
    readonly List<SimLane> _lanes = [];
    readonly SimRandom _random;
    readonly int _thread = Environment.CurrentManagedThreadId;
    long _order;
    long _now;

    public SimScheduler(SimRandom random)
    {
        _random = random;
        Trace = new SimTrace(this);
        World = NewLane("world");
    }

    public SimTrace Trace { get; }

    /// <summary>What is outside every process: the store's machine, networks, the world that tools act on.</summary>
    public SimLane World { get; }

    public TimeSpan Elapsed => TimeSpan.FromTicks(_now);

    public long Steps { get; private set; }

    /// <summary>First fault of a callback; it ends the simulation.</summary>
    public Exception? Fault { get; private set; }

    public SimLane NewLane(string name)
    {
        var lane = new SimLane(this, name, _lanes.Count);
        _lanes.Add(lane);
        return lane;
    }

    public void AssertThread(string who)
    {
        if (Environment.CurrentManagedThreadId != _thread)
        {
            Fault ??= new SimulationException($"{who} left the simulator's thread:{Environment.NewLine}{Environment.StackTrace}");
            throw Fault;
        }
    }

    public void Ready(SimLane lane, SendOrPostCallback callback, object? state) =>
        _ready.Add(new Callback(lane, callback, state));

    /// <summary>Runs an action in a lane after a while.</summary>
    public void After(TimeSpan delay, SimLane lane, Action action) =>
        Arm(new SimTimer(this, lane, _ => action(), null), delay);

    public void Arm(SimTimer timer, TimeSpan delay)
    {
        AssertThread(timer.Lane.Name);
        timer.Due = _now + Math.Max(0, delay.Ticks);
        timer.Order = ++_order;
        _timers.Enqueue(timer, (timer.Due, timer.Order));
    }

    /// <summary>Runs until the condition holds, nothing is left to do, or the time is up; true when the condition holds.</summary>
    public bool RunUntil(Func<bool> done, TimeSpan limit)
    {
        var previous = SynchronizationContext.Current;
        try
        {
            while (Fault is null && !done())
            {
                if (Elapsed > limit || !RunOne())
                {
                    return done();
                }
            }
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(previous);
        }

        return Fault is null;
    }

    public void Fail(string why) => Fault ??= new SimulationException(why);

    bool RunOne()
    {
        FireDue();
        while (_ready.Count == 0)
        {
            if (!_timers.TryPeek(out _, out var next))
            {
                return false;
            }

            _now = Math.Max(_now, next.Due);
            FireDue();
        }

        var index = _random.Below(_ready.Count);
        var chosen = _ready[index];
        _ready[index] = _ready[^1];
        _ready.RemoveAt(_ready.Count - 1);
        Run(chosen);
        return true;
    }

    void Run(in Callback chosen)
    {
        var lane = chosen.Lane;
        if (lane.IsDead)
        {
            return;
        }

        if (lane.IsFrozen)
        {
            lane.Hold(chosen.Action, chosen.State);
            return;
        }

        Steps++;
        _now += 10 + _random.Below(190); // 1 to 20 microseconds of work
        Trace.Mix(lane.Number);
        Trace.Mix(_now);
        SynchronizationContext.SetSynchronizationContext(lane);
        try
        {
            chosen.Action(chosen.State);
        }
        catch (Exception e)
        {
            Fault ??= e;
        }

        if (SynchronizationContext.Current != lane)
        {
            Fail($"lane {lane.Name}: a callback changed the synchronization context");
        }

        lane.Counted();
    }

    void FireDue()
    {
        while (_timers.TryPeek(out var timer, out var at) && at.Due <= _now)
        {
            _timers.Dequeue();
            if (timer.Order == at.Order && !timer.IsDisposed && !timer.Lane.IsDead)
            {
                timer.Order = 0;
                timer.Lane.Post(timer.Fire);
            }
        }
    }

    readonly record struct Callback(SimLane Lane, SendOrPostCallback Action, object? State);
}
