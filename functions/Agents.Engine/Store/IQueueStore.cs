using Agents.Contracts.Client;

namespace Agents.Engine.Store;

/// <summary>
/// Queues of activities: how many of each run at once on all nodes together, and how fast they begin. A task that is to
/// wait has a place in its queue, under the epoch of its owner: with the epoch the place is over, so that what a dead node
/// held is free as soon as its instances are claimed, and nobody has to give it back.
/// </summary>
public interface IQueueStore
{
    /// <summary>
    /// One transaction: takes back, takes in, and says who of all that wait holds a place from now on
    /// (<see cref="Queues.QueueRules"/>). Sent again after an unknown outcome it does no harm.
    /// </summary>
    Task<QueueAnswer> PassAsync(QueueRound round, CancellationToken cancel);

    /// <summary>Places that <paramref name="node"/> holds or waits for.</summary>
    Task<IReadOnlyList<PlaceView>> ReadPlacesAsync(string node, CancellationToken cancel);

    /// <summary>Queues that have a bound, by name, with who is in them.</summary>
    Task<IReadOnlyList<QueueView>> ReadQueuesAsync(CancellationToken cancel);

    /// <summary>Sets a queue's bounds, or takes them away; what is running goes on.</summary>
    Task SetQueueAsync(QueueLimit limit, CancellationToken cancel);
}

/// <summary>A task of an instance under one owner.</summary>
public readonly record struct PlaceKey(long InstanceKey, long OwnerEpoch, int TaskId);

/// <summary>A task that asks for a place. Tenants take turns; inside one the higher priority goes first, then who asked first.</summary>
public sealed record QueueAsk
{
    public required PlaceKey Place { get; init; }
    public required string Queue { get; init; }
    public required string Key { get; init; }
    public required string Tenant { get; init; }
    public required int Priority { get; init; }
    public required string InstanceId { get; init; }
    public required string Node { get; init; }
}

/// <summary>What a node wants of its queues. <paramref name="Look"/>: queues where somebody may be let in though nothing else changes.</summary>
public sealed record QueueRound(
    IReadOnlyList<QueueAsk> Asks, IReadOnlyList<(PlaceKey Place, string Queue)> GivenBack, IReadOnlyCollection<string> Look, DateTimeOffset Now)
{
    public IReadOnlyList<string> Queues =>
        [.. Asks.Select(a => a.Queue).Concat(GivenBack.Select(g => g.Queue)).Concat(Look).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
}

/// <summary>
/// Who holds a place from now on, of whichever node, and when the next of a queue may be let in where only its rate or the
/// size of an answer keeps it back.
/// </summary>
public sealed record QueueAnswer(IReadOnlyList<QueueGrant> Granted, IReadOnlyDictionary<string, DateTimeOffset> NextAt);

public sealed record QueueGrant(PlaceKey Place, string InstanceId);

public sealed record PlaceView(PlaceKey Place, string Queue, bool Held);
