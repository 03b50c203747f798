namespace Agents.Simulation.Scheduling;

/// <summary>A timer of a lane: it dies with it, and fires late when it is frozen.</summary>
sealed class SimTimer(SimScheduler scheduler, SimLane lane, TimerCallback callback, object? state) : ITimer
{
    TimeSpan _period = Timeout.InfiniteTimeSpan;

    public SimLane Lane => lane;

    public long Due { get; set; }

    /// <summary>Which arming counts; 0: none.</summary>
    public long Order { get; set; }

    public bool IsDisposed { get; private set; }

    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        if (IsDisposed)
        {
            return false;
        }

        _period = period;
        Order = 0;
        if (dueTime != Timeout.InfiniteTimeSpan)
        {
            scheduler.Arm(this, dueTime);
        }

        return true;
    }

    public void Fire()
    {
        if (IsDisposed)
        {
            return;
        }

        if (_period != Timeout.InfiniteTimeSpan && _period > TimeSpan.Zero)
        {
            scheduler.Arm(this, _period);
        }

        callback(state);
    }

    public void Dispose() => IsDisposed = true;

    public ValueTask DisposeAsync()
    {
        IsDisposed = true;
        return ValueTask.CompletedTask;
    }
}
