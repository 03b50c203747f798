namespace Agents.Pool.Figures;

/// <summary>What the pool counted since it started. Safe for use by many threads.</summary>
sealed class PoolFigures
{
    readonly long[] _outcomes = new long[Enum.GetValues<RequestOutcome>().Length];
    long _repeats;
    long _hedges;

    /// <summary>Seconds a request waited for its turn; those that went at once are not counted.</summary>
    public Spread Waited { get; } = new();

    /// <summary>Seconds from arrival to the first byte passed on.</summary>
    public Spread FirstByte { get; } = new();

    /// <summary>Attempts after the first.</summary>
    public long Repeats => Interlocked.Read(ref _repeats);

    public long Hedges => Interlocked.Read(ref _hedges);

    public long Of(RequestOutcome outcome) => Interlocked.Read(ref _outcomes[(int)outcome]);

    public void Ended(RequestOutcome outcome) => Interlocked.Increment(ref _outcomes[(int)outcome]);

    public void Repeated() => Interlocked.Increment(ref _repeats);

    public void Hedged() => Interlocked.Increment(ref _hedges);
}

/// <summary>How a request left the pool.</summary>
enum RequestOutcome
{
    /// <summary>A reply was passed on to its end.</summary>
    Answered,

    /// <summary>A worker's refusal was passed on (4xx).</summary>
    RefusedByWorker,

    /// <summary>The pool refused it: unknown model, too long, malformed.</summary>
    Refused,

    /// <summary>429 or 503: no room, or no worker, in time.</summary>
    NoRoom,

    /// <summary>Every attempt failed before a byte was passed on.</summary>
    Failed,

    /// <summary>The stream broke after bytes had been passed on.</summary>
    Broken,

    /// <summary>The caller left.</summary>
    Left,
}

/// <summary>A histogram of seconds.</summary>
sealed class Spread
{
    static readonly double[] s_bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60, 120, 300];

    readonly Lock _gate = new();
    readonly long[] _counts = new long[s_bounds.Length + 1];
    double _sum;

    public static IReadOnlyList<double> Bounds => s_bounds;

    public void Add(double seconds)
    {
        var place = Array.FindIndex(s_bounds, b => seconds <= b);
        lock (_gate)
        {
            _counts[place < 0 ? s_bounds.Length : place]++;
            _sum += seconds;
        }
    }

    /// <summary>How many were at most each bound, how many there were, and their sum.</summary>
    public (long[] AtMost, long Count, double Sum) Read()
    {
        lock (_gate)
        {
            var atMost = new long[s_bounds.Length];
            var total = 0L;
            for (var i = 0; i < s_bounds.Length; i++)
            {
                atMost[i] = total += _counts[i];
            }

            return (atMost, total + _counts[^1], _sum);
        }
    }
}
