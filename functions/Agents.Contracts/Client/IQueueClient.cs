namespace Agents.Contracts.Client;

/// <summary>Queues of activities as people and clients see and bound them.</summary>
public interface IQueueClient
{
    /// <summary>Queues that have a bound, by name.</summary>
    Task<IReadOnlyList<QueueView>> ListQueuesAsync(CancellationToken cancel);

    /// <summary>Sets a queue's bounds on all nodes, or takes them away; what runs goes on. Durable when it returns.</summary>
    Task SetQueueAsync(QueueLimit limit, CancellationToken cancel);
}

/// <summary>Bounds of a queue; null: none. With no bound at all a queue is no queue: its activities begin at once.</summary>
public sealed record QueueLimit(string Queue)
{
    const int CountMax = 100_000;

    /// <summary>Activities at once, on all nodes together.</summary>
    public int? Concurrency { get; init; }

    /// <summary>Activities of one key at once.</summary>
    public int? PerKey { get; init; }

    /// <summary>How many may begin in <see cref="RatePer"/>.</summary>
    public int? RateCount { get; init; }

    public TimeSpan RatePer { get; init; }

    /// <summary>What a sound bound would be; null: this is one.</summary>
    public string? Flaw() =>
        Queue is not { Length: > 0 and <= 100 } || Queue.Contains('/', StringComparison.Ordinal) ? "a queue's name of 1 to 100 characters without '/'"
        : Concurrency is < 1 or > CountMax ? $"a concurrency from 1 to {CountMax}"
        : PerKey is < 1 or > CountMax ? $"a number for each key from 1 to {CountMax}"
        : RateCount is < 1 or > CountMax || (RateCount is not null && (RatePer < TimeSpan.FromSeconds(1) || RatePer > TimeSpan.FromDays(1)))
            ? $"a rate of 1 to {CountMax} in 1 second to 1 day"
        : null;

    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsBound => Concurrency is not null || PerKey is not null || RateCount is not null;
}

/// <summary>A queue as people see it. <paramref name="WaitingSince"/>: when the first of those that wait asked.</summary>
public sealed record QueueView(QueueLimit Limit, int Held, int Waiting, DateTimeOffset? WaitingSince);
