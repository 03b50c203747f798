using Agents.Engine.Store;

namespace Agents.TestKit.Crash;

/// <summary>Says of each commit that met the fence, and of each late receipt that was refused, one line.</summary>
public sealed class WitnessStore(IEngineStore inner, Action<string> say) : IEngineStore, IWriteStore
{
    public IWriteStore Writes => this;

    public IOwnerStore Owner => inner.Owner;

    public IQueryStore Queries => inner.Queries;

    public IAdminStore Admin => inner.Admin;

    public IQueueStore Queues => inner.Queues;

    public async Task<IReadOnlyList<WriteOutcome>> WriteAsync(IReadOnlyList<StoreWrite> batch, CancellationToken cancel)
    {
        var outcomes = await inner.Writes.WriteAsync(batch, cancel);
        foreach (var outcome in outcomes)
        {
            if (outcome is WriteOutcome.Fenced)
            {
                say("fenced");
            }
            else if (outcome is WriteOutcome.EvidenceKept { Settled: false })
            {
                say("refused");
            }
        }

        return outcomes;
    }

    public Task<IReadOnlyList<InstanceRecord>> ReadInstancesAsync(IReadOnlyList<long> keys, CancellationToken cancel) =>
        inner.Writes.ReadInstancesAsync(keys, cancel);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}

/// <summary>
/// The bug that the freeze tests exist for: a commit is taken whoever owns the instance by now. Before each write it puts
/// in what the fence would ask for.
/// </summary>
public sealed class UnfencedStore(IEngineStore inner) : IEngineStore, IWriteStore
{
    public IWriteStore Writes => this;

    public IOwnerStore Owner => inner.Owner;

    public IQueryStore Queries => inner.Queries;

    public IAdminStore Admin => inner.Admin;

    public IQueueStore Queues => inner.Queues;

    public async Task<IReadOnlyList<WriteOutcome>> WriteAsync(IReadOnlyList<StoreWrite> batch, CancellationToken cancel)
    {
        var stored = (await inner.Writes.ReadInstancesAsync(
            [.. batch.OfType<InstanceCommit>().Select(c => c.InstanceKey)], cancel)).ToDictionary(r => r.Key);
        return await inner.Writes.WriteAsync([.. batch.Select(w => w is InstanceCommit c && stored.TryGetValue(c.InstanceKey, out var r)
            ? c with { ExecutionKey = r.Execution.Key, OwnerEpoch = r.OwnerEpoch, ExpectedSequence = r.NextSequence }
            : w)], cancel);
    }

    public Task<IReadOnlyList<InstanceRecord>> ReadInstancesAsync(IReadOnlyList<long> keys, CancellationToken cancel) =>
        inner.Writes.ReadInstancesAsync(keys, cancel);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
