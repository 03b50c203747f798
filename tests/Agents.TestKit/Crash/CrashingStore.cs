using Agents.Contracts.Effects;
using Agents.Engine.Store;

namespace Agents.TestKit.Crash;

/// <summary>A store that passes the crash points of commits which carry intents and receipts.</summary>
public sealed class CrashingStore(IEngineStore inner, CrashPlan plan) : IEngineStore, IWriteStore
{
    public IWriteStore Writes => this;

    public IOwnerStore Owner => inner.Owner;

    public IQueryStore Queries => inner.Queries;

    public IAdminStore Admin => inner.Admin;

    public IQueueStore Queues => inner.Queues;

    public async Task<IReadOnlyList<WriteOutcome>> WriteAsync(IReadOnlyList<StoreWrite> batch, CancellationToken cancel)
    {
        var intent = Carries(batch, LedgerState.Intent);
        var receipt = Carries(batch, LedgerState.Receipt);
        Pass(intent, CrashPoint.BeforeIntent);
        Pass(receipt, CrashPoint.BeforeReceiptCommit);
        var outcomes = await inner.Writes.WriteAsync(batch, cancel);
        Pass(receipt, CrashPoint.AfterReceiptCommit);
        Pass(intent, CrashPoint.AfterIntent);
        return outcomes;
    }

    public Task<IReadOnlyList<InstanceRecord>> ReadInstancesAsync(IReadOnlyList<long> keys, CancellationToken cancel) =>
        inner.Writes.ReadInstancesAsync(keys, cancel);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    void Pass(bool carries, CrashPoint point)
    {
        if (carries)
        {
            plan.Pass(point);
        }
    }

    static bool Carries(IReadOnlyList<StoreWrite> batch, LedgerState state) =>
        batch.OfType<InstanceCommit>().Any(c => c.Ledger.Any(l => l.Entry.State == state));
}
