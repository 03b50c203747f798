using Agents.Contracts.Client;
using Agents.Contracts.Effects;
using Agents.Contracts.Instances;
using Agents.Engine.Store;
using Agents.Simulation.Scheduling;

namespace Agents.Simulation.Faults;

/// <summary>
/// A process's link to the store. A call travels, is carried out on the store's machine whether its sender still lives
/// or not, and the answer travels back; on the way any of it may be lost, refused, or come late.
/// </summary>
sealed class StoreLink(SimScheduler scheduler, SimLane lane, IEngineStore store, FaultPlan faults)
    : IEngineStore, IWriteStore, IOwnerStore, IQueryStore, IAdminStore, IQueueStore
{
    bool _cut;

    public IWriteStore Writes => this;

    public IOwnerStore Owner => this;

    public IQueryStore Queries => this;

    public IAdminStore Admin => this;

    public IQueueStore Queues => this;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    public Task<IReadOnlyList<WriteOutcome>> WriteAsync(IReadOnlyList<StoreWrite> batch, CancellationToken cancel) =>
        Call(faults.OfWrite(), () => store.Writes.WriteAsync(batch, CancellationToken.None));

    public Task<IReadOnlyList<InstanceRecord>> ReadInstancesAsync(IReadOnlyList<long> keys, CancellationToken cancel) =>
        Read(() => store.Writes.ReadInstancesAsync(keys, CancellationToken.None));

    public Task<IReadOnlyList<InstanceRecord>> FindClaimableAsync(
        IReadOnlyCollection<string> liveNodes, DateTimeOffset now, int max, CancellationToken cancel) =>
        Read(() => store.Owner.FindClaimableAsync(liveNodes, now, max, CancellationToken.None));

    public Task<IReadOnlyList<string>> FindOverlookedAsync(
        string nodeId, DateTimeOffset now, int max, CancellationToken cancel) =>
        Read(() => store.Owner.FindOverlookedAsync(nodeId, now, max, CancellationToken.None));

    public Task<DateTimeOffset?> NextWakeAsync(CancellationToken cancel) =>
        Read(() => store.Owner.NextWakeAsync(CancellationToken.None));

    public Task<IReadOnlyList<InboxRow>> ReadInboxAsync(long instanceKey, DateTimeOffset now, int max, CancellationToken cancel) =>
        Read(() => store.Owner.ReadInboxAsync(instanceKey, now, max, CancellationToken.None));

    public Task<IReadOnlyList<HistoryRow>> ReadHistoryAsync(
        long executionKey, long fromSequence, long maxBytes, CancellationToken cancel) =>
        Read(() => store.Owner.ReadHistoryAsync(executionKey, fromSequence, maxBytes, CancellationToken.None));

    public Task<IReadOnlyDictionary<string, PayloadRow>> ReadPayloadsAsync(
        long lineageKey, IReadOnlyCollection<string> hashes, CancellationToken cancel) =>
        Read(() => store.Owner.ReadPayloadsAsync(lineageKey, hashes, CancellationToken.None));

    public Task<IReadOnlyList<LedgerEntry>> ReadLedgerAsync(string instanceId, bool inDoubtOnly, CancellationToken cancel) =>
        Read(() => store.Owner.ReadLedgerAsync(instanceId, inDoubtOnly, CancellationToken.None));

    public Task<IReadOnlyList<StoredDelta>> ReadDeltasAsync(
        long instanceKey, int generation, long afterSequence, int afterRow, int max, CancellationToken cancel) =>
        Read(() => store.Owner.ReadDeltasAsync(
            instanceKey, generation, afterSequence, afterRow, max, CancellationToken.None));

    public Task<InstanceRecord?> FindAsync(string instanceId, CancellationToken cancel) =>
        Read(() => store.Queries.FindAsync(instanceId, CancellationToken.None));

    public Task<InstanceView?> GetAsync(string instanceId, CancellationToken cancel) =>
        Read(() => store.Queries.GetAsync(instanceId, CancellationToken.None));

    public Task<InstancePage> QueryAsync(InstanceQuery query, CancellationToken cancel) =>
        Read(() => store.Queries.QueryAsync(query, CancellationToken.None));

    public Task<IReadOnlyList<ExecutionRecord>> ListExecutionsAsync(long instanceKey, CancellationToken cancel) =>
        Read(() => store.Queries.ListExecutionsAsync(instanceKey, CancellationToken.None));

    public Task<IReadOnlyList<EndedInstance>> FindEndedAsync(
        OrchestrationStatus status, DateTimeOffset before, EndedInstance? after, int max, CancellationToken cancel) =>
        Read(() => store.Queries.FindEndedAsync(status, before, after, max, CancellationToken.None));

    public Task<IReadOnlyList<string>> ListChildrenAsync(string instanceId, CancellationToken cancel) =>
        Read(() => store.Queries.ListChildrenAsync(instanceId, CancellationToken.None));

    public Task<bool> RewindAsync(
        long instanceKey, long expectedExecutionKey, string newExecutionId, string identitySeed, long cutSequence,
        IReadOnlyList<InboxMessage> inbox, DateTimeOffset now, CancellationToken cancel) =>
        Call(faults.OfWrite(), () => store.Admin.RewindAsync(
            instanceKey, expectedExecutionKey, newExecutionId, identitySeed, cutSequence, inbox, now, CancellationToken.None));

    public Task<PurgeOutcome> PurgeAsync(IReadOnlyList<string> instanceIds, DateTimeOffset now, CancellationToken cancel) =>
        Call(faults.OfWrite(), () => store.Admin.PurgeAsync(instanceIds, now, CancellationToken.None));

    public Task<bool> UnparkAsync(long instanceKey, DateTimeOffset now, CancellationToken cancel) =>
        Call(faults.OfWrite(), () => store.Admin.UnparkAsync(instanceKey, now, CancellationToken.None));

    public Task<int> ForgetTombstonesAsync(DateTimeOffset before, CancellationToken cancel) =>
        Read(() => store.Admin.ForgetTombstonesAsync(before, CancellationToken.None));

    public Task<IReadOnlyList<string>> VerifyAsync(CancellationToken cancel) =>
        Read(() => store.Admin.VerifyAsync(CancellationToken.None));

    public Task<QueueAnswer> PassAsync(QueueRound round, CancellationToken cancel) =>
        Call(faults.OfWrite(), () => store.Queues.PassAsync(round, CancellationToken.None));

    public Task<IReadOnlyList<PlaceView>> ReadPlacesAsync(string node, CancellationToken cancel) =>
        Read(() => store.Queues.ReadPlacesAsync(node, CancellationToken.None));

    public Task<IReadOnlyList<QueueView>> ReadQueuesAsync(CancellationToken cancel) =>
        Read(() => store.Queues.ReadQueuesAsync(CancellationToken.None));

    public async Task SetQueueAsync(QueueLimit limit, CancellationToken cancel) => await Call(
        faults.OfWrite(),
        async () =>
        {
            await store.Queues.SetQueueAsync(limit, CancellationToken.None);
            return true;
        });

    /// <summary>Both ends lose power: what is still on the way is gone.</summary>
    public void Cut() => _cut = true;

    Task<T> Read<T>(Func<Task<T>> operation) => Call(faults.OfRead(), operation);

    Task<T> Call<T>(CallFate fate, Func<Task<T>> operation)
    {
        var reply = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (fate != CallFate.Fine)
        {
            scheduler.Trace.Say(lane.Name, $"store call: {fate}");
        }

        if (fate == CallFate.LateUnknown)
        {
            scheduler.After(faults.Limbo(), scheduler.World, () => _ = _cut ? null : operation());
        }

        scheduler.After(faults.Latency(), scheduler.World, () => _ = CarryOutAsync(fate, operation, reply));
        return reply.Task;
    }

    async Task CarryOutAsync<T>(CallFate fate, Func<Task<T>> operation, TaskCompletionSource<T> reply)
    {
        if (_cut)
        {
            return;
        }

        T? answer = default;
        Exception? fault = fate switch
        {
            CallFate.Refused => new StoreUnavailableException("simulated: the store takes nothing now", null),
            CallFate.Fine => null,
            _ => new UnknownOutcomeException("simulated: the reply was lost", null),
        };
        if (fate is CallFate.Fine or CallFate.AppliedUnknown)
        {
            try
            {
                answer = await operation();
            }
            catch (Exception e) when (e is StoreUnavailableException or UnknownOutcomeException)
            {
                fault = e;
            }
            catch (Exception e)
            {
                scheduler.Fail($"the store failed: {e}");
                return;
            }
        }

        scheduler.After(faults.Latency(), scheduler.World, () =>
        {
            if (fault is not null)
            {
                reply.SetException(fault);
            }
            else
            {
                reply.SetResult(answer!);
            }
        });
    }
}
