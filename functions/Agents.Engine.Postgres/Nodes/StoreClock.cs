namespace Agents.Engine.Postgres.Nodes;

/// <summary>
/// This machine's clock, put right by the server's: nodes whose machines disagree by minutes agree about when a timer is
/// due. What measures elapsed time is this machine's own.
/// </summary>
internal sealed class StoreClock(TimeProvider machine) : TimeProvider
{
    /// <summary>Less than this is not worth a step.</summary>
    static readonly TimeSpan s_closeEnough = TimeSpan.FromMilliseconds(50);

    long _offset;

    public override TimeZoneInfo LocalTimeZone => machine.LocalTimeZone;

    public override long TimestampFrequency => machine.TimestampFrequency;

    /// <summary>What this machine's clock is behind the server's.</summary>
    public TimeSpan Offset => TimeSpan.FromTicks(Interlocked.Read(ref _offset));

    public override DateTimeOffset GetUtcNow() => machine.GetUtcNow() + Offset;

    public override long GetTimestamp() => machine.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        machine.CreateTimer(callback, state, dueTime, period);

    /// <summary>Takes the server's time as of the middle of a round trip that took so long.</summary>
    public void Set(DateTimeOffset server, TimeSpan roundTrip)
    {
        var measured = server + (roundTrip / 2) - machine.GetUtcNow();
        var error = (measured - Offset).Duration();
        if (error > s_closeEnough && error > roundTrip)
        {
            Interlocked.Exchange(ref _offset, measured.Ticks);
        }
    }
}
