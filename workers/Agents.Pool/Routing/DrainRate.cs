namespace Agents.Pool.Routing;

/// <summary>Tokens a second that leave the queue, over about the last minute. Not safe for use by many threads.</summary>
public sealed class DrainRate
{
    static readonly TimeSpan s_window = TimeSpan.FromMinutes(1);

    double _tokens;
    double _seconds;
    DateTimeOffset? _at;

    /// <summary>A request left the queue for a worker.</summary>
    public void Left(PoolRequest request, DateTimeOffset now)
    {
        Fade(now);
        _tokens += request.TokensNeeded;
    }

    /// <summary>0 before anything left.</summary>
    public double TokensPerSecond(DateTimeOffset now)
    {
        Fade(now);
        return _tokens / Math.Max(1, _seconds);
    }

    void Fade(DateTimeOffset now)
    {
        if (_at is { } at && now > at)
        {
            var passed = now - at;
            var factor = Math.Exp(-(passed / s_window));
            _tokens *= factor;
            _seconds = (_seconds * factor) + (s_window.TotalSeconds * (1 - factor));
        }

        _at = _at is { } last && last > now ? last : now;
    }
}
