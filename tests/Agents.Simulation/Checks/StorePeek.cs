using Agents.Contracts.Client;
using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Engine.History;
using Agents.Engine.Store;

namespace Agents.Simulation.Checks;

/// <summary>Looks into the store itself, past links and faults, without time passing.</summary>
sealed class StorePeek(IEngineStore store)
{
    public static T Now<T>(Task<T> task) => task.IsCompleted
        ? task.GetAwaiter().GetResult()
        : throw new Scheduling.SimulationException("the simulated store took its time: its calls must complete at once");

    public InstanceRecord? Find(string instanceId) => Now(store.Queries.FindAsync(instanceId, CancellationToken.None));

    public InstanceRecord? ById(long key) =>
        Now(store.Writes.ReadInstancesAsync([key], CancellationToken.None)) is [{ } record] ? record : null;

    public IReadOnlyList<InstanceView> All()
    {
        var all = new List<InstanceView>();
        string? token = null;
        do
        {
            var page = Now(store.Queries.QueryAsync(
                new InstanceQuery { PageSize = 1000, ContinuationToken = token }, CancellationToken.None));
            all.AddRange(page.Items);
            token = page.ContinuationToken;
        }
        while (token is not null);
        return [.. all.OrderBy(v => v.InstanceId, StringComparer.Ordinal)];
    }

    public bool AllFinished() => All().All(v => v.Status.IsTerminal());

    public IReadOnlyList<ExecutionRecord> Executions(long instanceKey) =>
        Now(store.Queries.ListExecutionsAsync(instanceKey, CancellationToken.None));

    public IReadOnlyList<LedgerEntry> Ledger(string instanceId) =>
        Now(store.Owner.ReadLedgerAsync(instanceId, false, CancellationToken.None));

    public IReadOnlyList<InboxRow> Inbox(long instanceKey) =>
        Now(store.Owner.ReadInboxAsync(instanceKey, DateTimeOffset.MaxValue, 10_000, CancellationToken.None));

    public IReadOnlyList<HistoryRow> Rows(long executionKey, long from = 0)
    {
        var all = new List<HistoryRow>();
        while (true)
        {
            var page = Now(store.Owner.ReadHistoryAsync(executionKey, from, long.MaxValue, CancellationToken.None));
            var fresh = page.Where(r => r.FirstSequence + r.Skip + r.Take > from).ToList();
            if (fresh.Count == 0)
            {
                return all;
            }

            all.AddRange(fresh);
            from = fresh.Max(r => r.FirstSequence + r.Skip + r.Take);
        }
    }

    /// <summary>The events as an owner reads them, payloads in place.</summary>
    public IReadOnlyList<SequencedEvent> Events(InstanceRecord record, ExecutionRecord execution)
    {
        var pages = new HistoryPages(store.Owner);
        var all = new List<SequencedEvent>();
        while (true)
        {
            var page = Now(pages.ReadAsync(
                execution, record.LineageKey, record.InstanceId, all.Count == 0 ? 0 : all[^1].Sequence + 1, CancellationToken.None));
            if (page.Count == 0)
            {
                return all;
            }

            all.AddRange(page);
        }
    }

    /// <summary>One event without its payloads; null when it is not stored.</summary>
    public HistoryEvent? EventAt(long executionKey, long sequence)
    {
        foreach (var row in Now(store.Owner.ReadHistoryAsync(executionKey, sequence, 1, CancellationToken.None)))
        {
            if (sequence >= row.FirstSequence + row.Skip && sequence < row.FirstSequence + row.Skip + row.Take)
            {
                return HistoryCodec.Decode(row.Bytes, null, [])[(int)(sequence - row.FirstSequence)];
            }
        }

        return null;
    }

    public bool HasDelta(long instanceKey, StreamOffset offset) => Now(store.Owner.ReadDeltasAsync(
        instanceKey, offset.Generation, offset.Sequence, offset.Delta - 1, 1, CancellationToken.None))
        is [{ } row] && row.AfterSequence == offset.Sequence && row.Row == offset.Delta;

    public IReadOnlyList<QueueView> Queues() => Now(store.Queues.ReadQueuesAsync(CancellationToken.None));

    public bool HoldsPlace(string node, PlaceKey place) =>
        Now(store.Queues.ReadPlacesAsync(node, CancellationToken.None)).Any(p => p.Place == place && p.Held);

    public IReadOnlyList<string> Verify() => Now(store.Admin.VerifyAsync(CancellationToken.None));
}
