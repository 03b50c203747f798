namespace Agents.Pool.Workers;

/// <summary>
/// Leaves a worker alone after failures in a row, then lets one request try it. Used under the dispatcher's lock.
/// </summary>
sealed class Breaker(BreakerOptions options)
{
    int _failures;
    int _openings;
    DateTimeOffset? _openUntil;
    bool _probing;

    public BreakerState State(DateTimeOffset now) =>
        _openUntil is not { } until ? BreakerState.Closed
        : now < until || _probing ? BreakerState.Open
        : BreakerState.HalfOpen;

    /// <summary>A request is sent; while half open it is the probe, and no other goes until it ended.</summary>
    public bool Began(DateTimeOffset now)
    {
        if (State(now) != BreakerState.HalfOpen)
        {
            return false;
        }

        _probing = true;
        return true;
    }

    public void Succeeded() => (_failures, _openings, _openUntil, _probing) = (0, 0, null, false);

    public void Failed(DateTimeOffset now, bool probe)
    {
        if (probe)
        {
            _probing = false;
        }
        else if (_openUntil is not null)
        {
            return; // sent before it opened: says nothing new
        }

        if (probe || ++_failures >= options.FailuresMax)
        {
            var times = Math.Pow(2, Math.Min(_openings++, 16));
            _openUntil = now + TimeSpan.FromTicks((long)Math.Min(options.OpenFor.Ticks * times, options.OpenForMax.Ticks));
        }
    }

    /// <summary>The request ended without saying anything about the worker, such as when its caller left.</summary>
    public void SaidNothing(bool probe) => _probing &= !probe;
}

/// <summary>Whether a worker that failed is sent requests.</summary>
enum BreakerState
{
    Closed,
    HalfOpen,
    Open,
}
