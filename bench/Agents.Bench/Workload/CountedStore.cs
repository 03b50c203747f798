using Agents.Contracts.Client;
using Agents.Contracts.Effects;
using Agents.Engine.Store;

namespace Agents.Bench.Workload;

/// <summary>A store that counts what it is asked: transactions, the commits in them, and reads.</summary>
sealed class CountedStore(IEngineStore inner) : IEngineStore, IWriteStore, IOwnerStore
{
    long _transactions, _commits, _reads;

    public long Transactions => Interlocked.Read(ref _transactions);

    /// <summary>Instance commits: several share one transaction.</summary>
    public long Commits => Interlocked.Read(ref _commits);

    public long Reads => Interlocked.Read(ref _reads);

    public IWriteStore Writes => this;

    public IOwnerStore Owner => this;

    public IQueryStore Queries => inner.Queries;

    public IAdminStore Admin => inner.Admin;

    public IQueueStore Queues => inner.Queues;

    public Task<IReadOnlyList<WriteOutcome>> WriteAsync(IReadOnlyList<StoreWrite> batch, CancellationToken cancel)
    {
        Interlocked.Increment(ref _transactions);
        Interlocked.Add(ref _commits, batch.Count(w => w is InstanceCommit));
        return inner.Writes.WriteAsync(batch, cancel);
    }

    public Task<IReadOnlyList<InstanceRecord>> ReadInstancesAsync(IReadOnlyList<long> keys, CancellationToken cancel) =>
        Read(inner.Writes.ReadInstancesAsync(keys, cancel));

    public Task<IReadOnlyList<InstanceRecord>> FindClaimableAsync(
        IReadOnlyCollection<string> liveNodes, DateTimeOffset now, int max, CancellationToken cancel) =>
        Read(inner.Owner.FindClaimableAsync(liveNodes, now, max, cancel));

    public Task<IReadOnlyList<string>> FindOverlookedAsync(
        string nodeId, DateTimeOffset now, int max, CancellationToken cancel) =>
        Read(inner.Owner.FindOverlookedAsync(nodeId, now, max, cancel));

    public Task<DateTimeOffset?> NextWakeAsync(CancellationToken cancel) => Read(inner.Owner.NextWakeAsync(cancel));

    public Task<IReadOnlyList<InboxRow>> ReadInboxAsync(
        long instanceKey, DateTimeOffset now, int max, CancellationToken cancel) =>
        Read(inner.Owner.ReadInboxAsync(instanceKey, now, max, cancel));

    public Task<IReadOnlyList<HistoryRow>> ReadHistoryAsync(
        long executionKey, long fromSequence, long maxBytes, CancellationToken cancel) =>
        Read(inner.Owner.ReadHistoryAsync(executionKey, fromSequence, maxBytes, cancel));

    public Task<IReadOnlyDictionary<string, PayloadRow>> ReadPayloadsAsync(
        long lineageKey, IReadOnlyCollection<string> hashes, CancellationToken cancel) =>
        Read(inner.Owner.ReadPayloadsAsync(lineageKey, hashes, cancel));

    public Task<IReadOnlyList<LedgerEntry>> ReadLedgerAsync(string instanceId, bool inDoubtOnly, CancellationToken cancel) =>
        Read(inner.Owner.ReadLedgerAsync(instanceId, inDoubtOnly, cancel));

    public Task<IReadOnlyList<StoredDelta>> ReadDeltasAsync(
        long instanceKey, int generation, long afterSequence, int afterRow, int max, CancellationToken cancel) =>
        Read(inner.Owner.ReadDeltasAsync(instanceKey, generation, afterSequence, afterRow, max, cancel));

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    Task<T> Read<T>(Task<T> answer)
    {
        Interlocked.Increment(ref _reads);
        return answer;
    }
}
