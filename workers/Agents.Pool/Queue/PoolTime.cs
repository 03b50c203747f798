namespace Agents.Pool.Queue;

/// <summary>Times that only go forward: the clock's own at the start, and what passed since. A set clock ends no lease.</summary>
sealed class PoolTime(TimeProvider clock)
{
    readonly long _began = clock.GetTimestamp();

    public TimeProvider Clock => clock;

    public DateTimeOffset Start { get; } = clock.GetUtcNow();

    public DateTimeOffset Now => Start + clock.GetElapsedTime(_began);
}
