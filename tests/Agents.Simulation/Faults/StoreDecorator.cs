using Agents.Contracts.Client;
using Agents.Contracts.Effects;
using Agents.Contracts.Instances;
using Agents.Engine.Store;

namespace Agents.Simulation.Faults;

/// <summary>A store that hands everything on; what differs is overridden.</summary>
abstract class StoreDecorator(IEngineStore inner)
    : IEngineStore, IWriteStore, IOwnerStore, IQueryStore, IAdminStore, IQueueStore
{
    protected IEngineStore Inner => inner;

    public IWriteStore Writes => this;

    public IOwnerStore Owner => this;

    public IQueryStore Queries => this;

    public IAdminStore Admin => this;

    public IQueueStore Queues => this;

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    public virtual Task<IReadOnlyList<WriteOutcome>> WriteAsync(IReadOnlyList<StoreWrite> batch, CancellationToken cancel) =>
        inner.Writes.WriteAsync(batch, cancel);

    public virtual Task<IReadOnlyList<InstanceRecord>> ReadInstancesAsync(IReadOnlyList<long> keys, CancellationToken cancel) =>
        inner.Writes.ReadInstancesAsync(keys, cancel);

    public virtual Task<IReadOnlyList<InstanceRecord>> FindClaimableAsync(
        IReadOnlyCollection<string> liveNodes, DateTimeOffset now, int max, CancellationToken cancel) =>
        inner.Owner.FindClaimableAsync(liveNodes, now, max, cancel);

    public virtual Task<IReadOnlyList<string>> FindOverlookedAsync(
        string nodeId, DateTimeOffset now, int max, CancellationToken cancel) =>
        inner.Owner.FindOverlookedAsync(nodeId, now, max, cancel);

    public virtual Task<DateTimeOffset?> NextWakeAsync(CancellationToken cancel) => inner.Owner.NextWakeAsync(cancel);

    public virtual Task<IReadOnlyList<InboxRow>> ReadInboxAsync(
        long instanceKey, DateTimeOffset now, int max, CancellationToken cancel) =>
        inner.Owner.ReadInboxAsync(instanceKey, now, max, cancel);

    public virtual Task<IReadOnlyList<HistoryRow>> ReadHistoryAsync(
        long executionKey, long fromSequence, long maxBytes, CancellationToken cancel) =>
        inner.Owner.ReadHistoryAsync(executionKey, fromSequence, maxBytes, cancel);

    public virtual Task<IReadOnlyDictionary<string, PayloadRow>> ReadPayloadsAsync(
        long lineageKey, IReadOnlyCollection<string> hashes, CancellationToken cancel) =>
        inner.Owner.ReadPayloadsAsync(lineageKey, hashes, cancel);

    public virtual Task<IReadOnlyList<LedgerEntry>> ReadLedgerAsync(
        string instanceId, bool inDoubtOnly, CancellationToken cancel) =>
        inner.Owner.ReadLedgerAsync(instanceId, inDoubtOnly, cancel);

    public virtual Task<IReadOnlyList<StoredDelta>> ReadDeltasAsync(
        long instanceKey, int generation, long afterSequence, int afterRow, int max, CancellationToken cancel) =>
        inner.Owner.ReadDeltasAsync(instanceKey, generation, afterSequence, afterRow, max, cancel);

    public virtual Task<InstanceRecord?> FindAsync(string instanceId, CancellationToken cancel) =>
        inner.Queries.FindAsync(instanceId, cancel);

    public virtual Task<InstanceView?> GetAsync(string instanceId, CancellationToken cancel) =>
        inner.Queries.GetAsync(instanceId, cancel);

    public virtual Task<InstancePage> QueryAsync(InstanceQuery query, CancellationToken cancel) =>
        inner.Queries.QueryAsync(query, cancel);

    public virtual Task<IReadOnlyList<ExecutionRecord>> ListExecutionsAsync(long instanceKey, CancellationToken cancel) =>
        inner.Queries.ListExecutionsAsync(instanceKey, cancel);

    public virtual Task<IReadOnlyList<EndedInstance>> FindEndedAsync(
        OrchestrationStatus status, DateTimeOffset before, EndedInstance? after, int max, CancellationToken cancel) =>
        inner.Queries.FindEndedAsync(status, before, after, max, cancel);

    public virtual Task<IReadOnlyList<string>> ListChildrenAsync(string instanceId, CancellationToken cancel) =>
        inner.Queries.ListChildrenAsync(instanceId, cancel);

    public virtual Task<bool> RewindAsync(
        long instanceKey, long expectedExecutionKey, string newExecutionId, string identitySeed, long cutSequence,
        IReadOnlyList<InboxMessage> inbox, DateTimeOffset now, CancellationToken cancel) =>
        inner.Admin.RewindAsync(
            instanceKey, expectedExecutionKey, newExecutionId, identitySeed, cutSequence, inbox, now, cancel);

    public virtual Task<PurgeOutcome> PurgeAsync(
        IReadOnlyList<string> instanceIds, DateTimeOffset now, CancellationToken cancel) =>
        inner.Admin.PurgeAsync(instanceIds, now, cancel);

    public virtual Task<bool> UnparkAsync(long instanceKey, DateTimeOffset now, CancellationToken cancel) =>
        inner.Admin.UnparkAsync(instanceKey, now, cancel);

    public virtual Task<int> ForgetTombstonesAsync(DateTimeOffset before, CancellationToken cancel) =>
        inner.Admin.ForgetTombstonesAsync(before, cancel);

    public virtual Task<IReadOnlyList<string>> VerifyAsync(CancellationToken cancel) => inner.Admin.VerifyAsync(cancel);

    public virtual Task<QueueAnswer> PassAsync(QueueRound round, CancellationToken cancel) => inner.Queues.PassAsync(round, cancel);

    public virtual Task<IReadOnlyList<PlaceView>> ReadPlacesAsync(string node, CancellationToken cancel) =>
        inner.Queues.ReadPlacesAsync(node, cancel);

    public virtual Task<IReadOnlyList<QueueView>> ReadQueuesAsync(CancellationToken cancel) => inner.Queues.ReadQueuesAsync(cancel);

    public virtual Task SetQueueAsync(QueueLimit limit, CancellationToken cancel) => inner.Queues.SetQueueAsync(limit, cancel);
}
