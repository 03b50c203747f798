using Agents.Engine.Store;

namespace Agents.TestKit.Store;

/// <summary>
/// The store seams in memory: deterministic, single-threaded, with faults. It passes the same contract suite as the
/// real stores; otherwise a simulation on it would prove nothing.
/// </summary>
public sealed class SimulatedStore : IEngineStore
{
    readonly SimulatedStoreOptions _options;
    SimulatedState _synced = new();
    long _lastInboxId;

    public SimulatedStore(TimeProvider clock, SimulatedStoreOptions? options = null)
    {
        _options = options ?? new SimulatedStoreOptions();
        Writes = new SimulatedWrites(this);
        Owner = new SimulatedOwnerReads(this, clock);
        Queries = new SimulatedQueries(this);
        Admin = new SimulatedAdmin(this);
        Queues = new SimulatedQueues(this);
    }

    public IWriteStore Writes { get; }

    public IOwnerStore Owner { get; }

    public IQueryStore Queries { get; }

    public IAdminStore Admin { get; }

    public IQueueStore Queues { get; }

    /// <summary>Ledger changes that were skipped because their attempt was no longer the current one.</summary>
    public long StaleLedgerWrites { get; internal set; }

    /// <summary>Batches applied so far.</summary>
    public long Transactions { get; private set; }

    internal SimulatedState State { get; private set; } = new();

    internal SimulatedStoreOptions Options => _options;

    /// <summary>The machine loses power: what was applied and never synced is gone.</summary>
    public void LosePower() => State = _synced;

    /// <summary>Nothing to close: a restarted node opens the same object.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    internal long TakeInboxIds(int count)
    {
        var first = _lastInboxId + 1;
        _lastInboxId += count;
        return first;
    }

    internal void Apply(SimulatedState state, bool synced)
    {
        Transactions++;
        State = state;
        _synced = synced ? state : _synced;
    }
}
