namespace Agents.Simulation.Scheduling;

/// <summary>The clock of one process: its wall time drifts and steps, its timestamps do not.</summary>
sealed class SimClock(SimScheduler scheduler, SimLane lane) : TimeProvider
{
    static readonly DateTimeOffset s_start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>How far the wall clock is from true time.</summary>
    public TimeSpan Offset { get; set; }

    /// <summary>Seconds gained per second.</summary>
    public double Drift { get; set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override DateTimeOffset GetUtcNow()
    {
        scheduler.AssertThread(lane.Name);
        return s_start + scheduler.Elapsed + Offset + (scheduler.Elapsed * Drift);
    }

    public override long GetTimestamp()
    {
        scheduler.AssertThread(lane.Name);
        return scheduler.Elapsed.Ticks;
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new SimTimer(scheduler, lane, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }
}
