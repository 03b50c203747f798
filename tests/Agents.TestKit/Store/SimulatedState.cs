using System.Collections.Immutable;
using Agents.Contracts.Client;
using Agents.Contracts.Effects;
using Agents.Contracts.Instances;
using Agents.Engine.Queues;
using Agents.Engine.Store;

namespace Agents.TestKit.Store;

/// <summary>
/// Everything a store holds, as one immutable value: a refused write leaves it untouched, and a snapshot (for power
/// loss) costs nothing.
/// </summary>
internal sealed record SimulatedState
{
    public ImmutableSortedDictionary<long, SimulatedInstance> Instances { get; init; } =
        ImmutableSortedDictionary<long, SimulatedInstance>.Empty;

    /// <summary>Visible instances by id; a hidden one has no entry.</summary>
    public ImmutableDictionary<string, long> Ids { get; init; } =
        ImmutableDictionary<string, long>.Empty.WithComparers(StringComparer.Ordinal);

    public ImmutableSortedDictionary<long, SimulatedExecution> Executions { get; init; } =
        ImmutableSortedDictionary<long, SimulatedExecution>.Empty;

    public ImmutableDictionary<(long Lineage, string Hash), PayloadRow> Payloads { get; init; } =
        ImmutableDictionary<(long, string), PayloadRow>.Empty;

    public ImmutableDictionary<string, SimulatedEntry> Ledger { get; init; } =
        ImmutableDictionary<string, SimulatedEntry>.Empty.WithComparers(StringComparer.Ordinal);

    public ImmutableDictionary<string, Tombstone> Tombstones { get; init; } =
        ImmutableDictionary<string, Tombstone>.Empty.WithComparers(StringComparer.Ordinal);

    public ImmutableSortedDictionary<string, SimulatedQueue> Queues { get; init; } =
        ImmutableSortedDictionary<string, SimulatedQueue>.Empty.WithComparers(StringComparer.Ordinal);

    /// <summary>In the order in which they asked.</summary>
    public ImmutableList<SimulatedPlace> Places { get; init; } = [];

    public long LastPlace { get; init; }

    public long LastKey { get; init; }

    public SimulatedInstance? Find(string id) => Ids.TryGetValue(id, out var key) ? Instances[key] : null;

    public SimulatedState With(SimulatedInstance instance) =>
        this with { Instances = Instances.SetItem(instance.Head.Key, instance) };

    public SimulatedState With(long lineage, IReadOnlyList<PayloadRow> payloads)
    {
        var stored = Payloads;
        foreach (var payload in payloads)
        {
            var place = (lineage, Convert.ToHexStringLower(payload.Hash.Span));
            stored = stored.ContainsKey(place) ? stored : stored.Add(place, payload);
        }

        return this with { Payloads = stored };
    }

    /// <summary>Whether another instance's history leads into this one's.</summary>
    public bool HasFork(long instance) => Executions.Values.Any(e =>
        e.Record.Cut is { } cut && e.Instance != instance
        && Executions.TryGetValue(cut.ParentExecutionKey, out var parent) && parent.Instance == instance);
}

internal sealed record SimulatedInstance
{
    public required InstanceRecord Head { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
    public DateTimeOffset? CompletedAt { get; init; }
    public string? Output { get; init; }
    public FailureDetails? Failure { get; init; }
    public IReadOnlyDictionary<string, string>? Tags { get; init; }
    public int InDoubt { get; init; }

    /// <summary>Purged, but a live fork still shares its history.</summary>
    public bool Hidden { get; init; }

    /// <summary>Finished: nobody takes what is left in the inbox.</summary>
    public bool InboxClosed { get; init; }
    public ImmutableSortedDictionary<long, InboxMessage> Inbox { get; init; } =
        ImmutableSortedDictionary<long, InboxMessage>.Empty;
    public ImmutableHashSet<string> DedupKeys { get; init; } = ImmutableHashSet.Create<string>(StringComparer.Ordinal);
    public ImmutableSortedDictionary<(int Generation, long After, int Row), StoredDelta> Deltas { get; init; } =
        ImmutableSortedDictionary<(int, long, int), StoredDelta>.Empty;

    public bool IsOpen => !Head.Status.IsTerminal() && Head.Parked is null && !Hidden;
}

internal sealed record SimulatedExecution(long Instance, ExecutionRecord Record, ImmutableList<StoredRow> Rows);

internal sealed record StoredRow(long First, int Count, ReadOnlyMemory<byte> Bytes);

/// <summary><paramref name="Order"/>: entries of one moment come back in the order in which they were written.</summary>
internal sealed record SimulatedEntry(long Instance, LedgerEntry Entry, long Order);

internal sealed record SimulatedQueue(QueueLimit Limit, QueueMemory Memory);

internal sealed record SimulatedPlace(long Order, QueueAsk Ask, DateTimeOffset AskedAt, bool Held);

internal sealed record Tombstone(string Digest, DateTimeOffset PurgedAt);
