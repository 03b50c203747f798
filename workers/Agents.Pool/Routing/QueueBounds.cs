namespace Agents.Pool.Routing;

/// <summary>
/// How much may wait. A request beyond it is refused with the time in which the queue drains at the speed of late, so that
/// callers come back when there is room instead of all at once.
/// </summary>
public sealed record QueueBounds
{
    static readonly TimeSpan s_shortest = TimeSpan.FromSeconds(1);
    static readonly TimeSpan s_longest = TimeSpan.FromSeconds(120);

    /// <summary>Requests that wait.</summary>
    public int RequestsMax { get; init; } = 256;

    /// <summary>Tokens that they need together. One request alone may need more.</summary>
    public long TokensMax { get; init; } = 16_000_000;

    /// <summary>Share of both that batch requests may fill: interactive ones find room beside a full batch queue.</summary>
    public double BatchShare { get; init; } = 0.9;

    /// <summary>When to come again, for a request that may not join; null where it may.</summary>
    /// <param name="tokensPerSecond">How fast tokens leave the queue (<see cref="DrainRate"/>); 0 where nothing is known.</param>
    public TimeSpan? RetryAfter(PoolRequest request, IReadOnlyCollection<WaitingRequest> waiting, double tokensPerSecond)
    {
        var share = request.Class == RequestClass.Batch ? BatchShare : 1;
        var tokens = waiting.Sum(w => (long)w.Request.TokensNeeded);
        var tooMany = waiting.Count + 1 - (int)(RequestsMax * share);
        var tooLarge = tokens + request.TokensNeeded - (TokensMax * share);
        if (tooMany <= 0 && (tooLarge <= 0 || waiting.Count == 0))
        {
            return null;
        }

        var excess = Math.Max(tooLarge, waiting.Count == 0 ? 0 : (double)tooMany * tokens / waiting.Count);
        var seconds = tokensPerSecond > 0 ? Math.Ceiling(excess / tokensPerSecond) : s_longest.TotalSeconds;
        return TimeSpan.FromSeconds(Math.Clamp(seconds, s_shortest.TotalSeconds, s_longest.TotalSeconds));
    }
}
