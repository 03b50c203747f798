using Agents.Engine.Store;

namespace Agents.TestKit.Store;

/// <summary>Applies batches, with the faults that the options choose.</summary>
internal sealed class SimulatedWrites(SimulatedStore store) : IWriteStore
{
    public async Task<IReadOnlyList<WriteOutcome>> WriteAsync(IReadOnlyList<StoreWrite> batch, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var ids = store.TakeInboxIds(batch.Sum(InboxRowsMax));
        await store.Options.Yield();
        var fault = store.Options.Fault(batch);
        if (fault == StoreFault.FailBefore)
        {
            throw new StoreUnavailableException("simulated: the store is unavailable; try again", null);
        }

        var outcomes = fault == StoreFault.LoseThenUnknown ? [] : Apply(batch, ids, fault == StoreFault.None);
        await store.Options.Yield();
        return fault == StoreFault.None
            ? outcomes
            : throw new UnknownOutcomeException("simulated: the reply to commit was lost", null);
    }

    public async Task<IReadOnlyList<InstanceRecord>> ReadInstancesAsync(IReadOnlyList<long> keys, CancellationToken cancel)
    {
        await store.Options.Yield();
        return [.. keys.Where(store.State.Instances.ContainsKey).Select(key => store.State.Instances[key].Head)];
    }

    WriteOutcome[] Apply(IReadOnlyList<StoreWrite> batch, long ids, bool synced)
    {
        var apply = new WriteApplier(store.State, ids, store.Options);
        var outcomes = new WriteOutcome[batch.Count];
        for (var i = 0; i < batch.Count; i++)
        {
            outcomes[i] = apply.Write(batch[i]);
        }

        store.Apply(apply.State, synced);
        store.StaleLedgerWrites += apply.StaleLedgerWrites;
        return outcomes;
    }

    static int InboxRowsMax(StoreWrite write) => write switch
    {
        InboxSend => 1,
        InstanceStart start => start.Inbox.Count + 1,
        InstanceCommit commit => commit.Sends.Count + commit.Starts.Sum(InboxRowsMax) + (commit.Next?.Inbox.Count ?? 0),
        _ => 0,
    };
}
