using Agents.Contracts.Client;
using Agents.Contracts.Effects;
using Agents.Contracts.Instances;

namespace Agents.Engine.Store;

/// <summary>
/// Writes batches. Outcomes come back in the order of the writes. When the outcome of the transaction is not known
/// (lost connection, failed sync), it throws <see cref="UnknownOutcomeException"/> and the caller re-reads.
/// </summary>
public interface IWriteStore
{
    /// <summary>All writes of the batch in one transaction; an instance appears in at most one batch in flight.</summary>
    Task<IReadOnlyList<WriteOutcome>> WriteAsync(IReadOnlyList<StoreWrite> batch, CancellationToken cancel);

    /// <summary>Instances with these keys as they stand (for re-reading after an unknown outcome).</summary>
    Task<IReadOnlyList<InstanceRecord>> ReadInstancesAsync(IReadOnlyList<long> keys, CancellationToken cancel);
}

/// <summary>The outcome of a transaction is not known: it may or may not be in.</summary>
public sealed class UnknownOutcomeException(string message, Exception? inner) : Exception(message, inner);

/// <summary>The store refuses all work (disk full, corrupt, gone): what, where, what to do.</summary>
public sealed class StoreUnavailableException(string message, Exception? inner) : Exception(message, inner);

/// <summary>What an owner reads.</summary>
public interface IOwnerStore
{
    /// <summary>
    /// Instances that nobody live owns and that have something to do: a visible inbox row, a wake time that is due, or
    /// an owner that is none of <paramref name="liveNodes"/>, who therefore is dead. Oldest wake first.
    /// </summary>
    Task<IReadOnlyList<InstanceRecord>> FindClaimableAsync(
        IReadOnlyCollection<string> liveNodes, DateTimeOffset now, int max, CancellationToken cancel);

    /// <summary>Ids of open instances that <paramref name="nodeId"/> owns and that have a visible inbox row.</summary>
    Task<IReadOnlyList<string>> FindOverlookedAsync(string nodeId, DateTimeOffset now, int max, CancellationToken cancel);

    /// <summary>Earliest time at which an unowned instance or an invisible inbox row comes due; null: none.</summary>
    Task<DateTimeOffset?> NextWakeAsync(CancellationToken cancel);

    /// <summary>Visible rows present, in id order, at most <paramref name="max"/>; never past a cursor.</summary>
    Task<IReadOnlyList<InboxRow>> ReadInboxAsync(long instanceKey, DateTimeOffset now, int max, CancellationToken cancel);

    /// <summary>
    /// Rows of an execution from the one that holds <paramref name="fromSequence"/>, in order, until about
    /// <paramref name="maxBytes"/>. Follows cuts: rows of ancestors before the cut come first.
    /// </summary>
    Task<IReadOnlyList<HistoryRow>> ReadHistoryAsync(long executionKey, long fromSequence, long maxBytes, CancellationToken cancel);

    /// <summary>Payloads by hash (64 lower-case hexadecimal digits); a missing one is absent from the answer.</summary>
    Task<IReadOnlyDictionary<string, PayloadRow>> ReadPayloadsAsync(
        long lineageKey, IReadOnlyCollection<string> hashes, CancellationToken cancel);

    Task<IReadOnlyList<LedgerEntry>> ReadLedgerAsync(string instanceId, bool inDoubtOnly, CancellationToken cancel);

    /// <summary>Delta rows behind events of a generation, ordered by (AfterSequence, Row), after the given place.</summary>
    Task<IReadOnlyList<StoredDelta>> ReadDeltasAsync(
        long instanceKey, int generation, long afterSequence, int afterRow, int max, CancellationToken cancel);
}

public sealed record InboxRow(long Id, InboxMessage Message);

/// <summary>A history row cut to what belongs to the execution: skip the first <paramref name="Skip"/> events, take <paramref name="Take"/>.</summary>
public sealed record HistoryRow(long FirstSequence, int Count, ReadOnlyMemory<byte> Bytes, int Skip, int Take);

/// <summary>A delta row as stored: text null once folded into its message (then <paramref name="Length"/> counts).</summary>
public sealed record StoredDelta(
    long AfterSequence, int Row, int TaskId, int Attempt, string Kind, int Start, int Length, string? Text, long? MessageSequence);

/// <summary>Look-ups by people and clients.</summary>
public interface IQueryStore
{
    Task<InstanceRecord?> FindAsync(string instanceId, CancellationToken cancel);

    Task<InstanceView?> GetAsync(string instanceId, CancellationToken cancel);

    Task<InstancePage> QueryAsync(InstanceQuery query, CancellationToken cancel);

    Task<IReadOnlyList<ExecutionRecord>> ListExecutionsAsync(long instanceKey, CancellationToken cancel);

    /// <summary>Children of an instance (ids), for recursive terminate and purge.</summary>
    Task<IReadOnlyList<string>> ListChildrenAsync(string instanceId, CancellationToken cancel);

    /// <summary>
    /// Instances of a terminal status that ended at <paramref name="before"/> or earlier and are no child of one that is
    /// still there: those that ended first come first, after the given place.
    /// </summary>
    Task<IReadOnlyList<EndedInstance>> FindEndedAsync(
        OrchestrationStatus status, DateTimeOffset before, EndedInstance? after, int max, CancellationToken cancel);
}

public sealed record EndedInstance(long Key, string InstanceId, DateTimeOffset EndedAt);

/// <summary>Rare operations on finished instances, each its own transaction.</summary>
public interface IAdminStore
{
    /// <summary>Closes the failed execution unchanged and opens one cut before <paramref name="cutSequence"/>; the instance runs again.</summary>
    Task<bool> RewindAsync(
        long instanceKey, long expectedExecutionKey, string newExecutionId, string identitySeed, long cutSequence,
        IReadOnlyList<InboxMessage> inbox, DateTimeOffset now, CancellationToken cancel);

    /// <summary>Removes terminal instances wholly and leaves tombstones; with live forks it hides and names them.</summary>
    Task<PurgeOutcome> PurgeAsync(IReadOnlyList<string> instanceIds, DateTimeOffset now, CancellationToken cancel);

    Task<bool> UnparkAsync(long instanceKey, DateTimeOffset now, CancellationToken cancel);

    /// <summary>Removes tombstones older than <paramref name="before"/>; returns how many.</summary>
    Task<int> ForgetTombstonesAsync(DateTimeOffset before, CancellationToken cancel);

    /// <summary>Scans what must always hold (gapless histories, inbox without orphans, payload references): one line each breach.</summary>
    Task<IReadOnlyList<string>> VerifyAsync(CancellationToken cancel);
}

/// <summary>A store: all seams over one database.</summary>
public interface IEngineStore : IAsyncDisposable
{
    IWriteStore Writes { get; }

    IOwnerStore Owner { get; }

    IQueryStore Queries { get; }

    IAdminStore Admin { get; }

    IQueueStore Queues { get; }
}
