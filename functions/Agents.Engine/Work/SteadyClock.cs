namespace Agents.Engine.Work;

/// <summary>
/// A clock that goes on steadily when the one it reads is set back: durable timers hold a time of day, and one that was
/// two hours ahead of a corrected clock would wait two hours. Once the other has caught up, it counts again. Across a
/// restart nothing is known of the earlier clock; timers then wait until the time they name.
/// </summary>
public sealed class SteadyClock(TimeProvider inner, Action<TimeSpan>? setBack = null) : TimeProvider
{
    /// <summary>Smaller steps are the daily work of time synchronisation.</summary>
    static readonly TimeSpan s_tolerance = TimeSpan.FromSeconds(1);

    readonly Lock _gate = new();
    DateTimeOffset _last = inner.GetUtcNow();
    long _lastAt = inner.GetTimestamp();
    bool _ahead;

    public override long TimestampFrequency => inner.TimestampFrequency;

    public override TimeZoneInfo LocalTimeZone => inner.LocalTimeZone;

    public override long GetTimestamp() => inner.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        inner.CreateTimer(callback, state, dueTime, period);

    public override DateTimeOffset GetUtcNow()
    {
        TimeSpan? back = null;
        DateTimeOffset now;
        lock (_gate)
        {
            var at = inner.GetTimestamp();
            var expected = _last + inner.GetElapsedTime(_lastAt, at);
            now = inner.GetUtcNow();
            var ahead = now < expected - s_tolerance;
            if (ahead)
            {
                back = _ahead ? null : expected - now;
                now = expected;
            }

            (_last, _lastAt, _ahead) = (now, at, ahead);
        }

        if (back is { } by)
        {
            setBack?.Invoke(by);
        }

        return now;
    }
}
