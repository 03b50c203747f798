using Agents.Contracts.Client;
using Agents.Engine.Store;
using Agents.Simulation.Faults;

namespace Agents.Simulation.Bugs;

/// <summary>Reads an inbox past a cursor: a row whose id is below the last one read is never seen.</summary>
sealed class InboxPolledByCursor : SeededBug
{
    public override IEngineStore AtNode(IEngineStore link) => new Link(link);

    sealed class Link(IEngineStore inner) : StoreDecorator(inner)
    {
        readonly Dictionary<long, long> _cursors = [];

        public override async Task<IReadOnlyList<InboxRow>> ReadInboxAsync(
            long instanceKey, DateTimeOffset now, int max, CancellationToken cancel)
        {
            var cursor = _cursors.GetValueOrDefault(instanceKey);
            InboxRow[] rows = [.. (await Inner.Owner.ReadInboxAsync(instanceKey, now, max, cancel)).Where(r => r.Id > cursor)];
            if (rows.Length > 0)
            {
                _cursors[instanceKey] = rows[^1].Id;
            }

            return rows;
        }
    }
}

/// <summary>Takes a row out of the inbox in a commit that has no event for it.</summary>
sealed class ConsumedAndNotRecorded : SeededBug
{
    public override IEngineStore AtNode(IEngineStore link) => new Link(link, Site);

    sealed class Link(IEngineStore inner, BugSite site) : StoreDecorator(inner)
    {
        readonly Dictionary<long, List<long>> _lost = [];

        public override async Task<IReadOnlyList<InboxRow>> ReadInboxAsync(
            long instanceKey, DateTimeOffset now, int max, CancellationToken cancel)
        {
            var rows = await Inner.Owner.ReadInboxAsync(instanceKey, now, max, cancel);
            if (rows.Count < 2 || !site.Random.Chance(0.2))
            {
                return rows;
            }

            _lost[instanceKey] = [rows[^1].Id];
            return [.. rows.SkipLast(1)];
        }

        public override Task<IReadOnlyList<WriteOutcome>> WriteAsync(IReadOnlyList<StoreWrite> batch, CancellationToken cancel) =>
            Inner.Writes.WriteAsync([.. batch.Select(Consume)], cancel);

        StoreWrite Consume(StoreWrite write) => write is InstanceCommit { ConsumedInbox.Count: > 0 } commit
            && _lost.Remove(commit.InstanceKey, out var lost)
            ? commit with { ConsumedInbox = [.. commit.ConsumedInbox.Union(lost)] }
            : write;
    }
}

/// <summary>The reply was lost: appends once more at the place where the history ends now.</summary>
sealed class BlindRetry : SeededBug
{
    public override IEngineStore AtNode(IEngineStore link) => new Link(link);

    sealed class Link(IEngineStore inner) : StoreDecorator(inner)
    {
        public override async Task<IReadOnlyList<WriteOutcome>> WriteAsync(IReadOnlyList<StoreWrite> batch, CancellationToken cancel)
        {
            try
            {
                return await Inner.Writes.WriteAsync(batch, cancel);
            }
            catch (UnknownOutcomeException)
            {
                long[] keys = [.. batch.OfType<InstanceCommit>().Select(c => c.InstanceKey)];
                var rows = (await Inner.Writes.ReadInstancesAsync(keys, cancel)).ToDictionary(r => r.Key);
                return await Inner.Writes.WriteAsync([.. batch.Select(w => w is InstanceCommit c && rows.TryGetValue(c.InstanceKey, out var row)
                    ? c with { ExpectedSequence = row.NextSequence, ConsumedInbox = [] }
                    : w)], cancel);
            }
        }
    }
}

/// <summary>The reply was lost: surely it went in.</summary>
sealed class UnknownTakenForCommitted : SeededBug
{
    public override IEngineStore AtNode(IEngineStore link) => new Link(link);

    sealed class Link(IEngineStore inner) : StoreDecorator(inner)
    {
        public override async Task<IReadOnlyList<WriteOutcome>> WriteAsync(IReadOnlyList<StoreWrite> batch, CancellationToken cancel)
        {
            try
            {
                return await Inner.Writes.WriteAsync(batch, cancel);
            }
            catch (UnknownOutcomeException) when (batch.All(w => w is InstanceCommit { Next: null }))
            {
                return [.. batch.Select(_ => new WriteOutcome.Committed(null))];
            }
        }
    }
}

/// <summary>Shows generated text while its commit is still under way.</summary>
sealed class DeltaShownBeforeItsCommit : SeededBug
{
    public override IEngineStore AtNode(IEngineStore link) => new Link(link);

    sealed class Link(IEngineStore inner) : StoreDecorator(inner)
    {
        readonly Dictionary<(long Instance, int Generation), List<StoredDelta>> _early = [];

        public override Task<IReadOnlyList<WriteOutcome>> WriteAsync(IReadOnlyList<StoreWrite> batch, CancellationToken cancel)
        {
            foreach (var commit in batch.OfType<InstanceCommit>())
            {
                foreach (var d in commit.Deltas)
                {
                    var rows = _early.TryGetValue((commit.InstanceKey, d.Generation), out var known)
                        ? known
                        : _early[(commit.InstanceKey, d.Generation)] = [];
                    rows.Add(new StoredDelta(d.AfterSequence, d.Row, d.TaskId, d.Attempt, d.Kind, d.Start, d.Text.Length, d.Text, null));
                }
            }

            return Inner.Writes.WriteAsync(batch, cancel);
        }

        public override async Task<IReadOnlyList<StoredDelta>> ReadDeltasAsync(
            long instanceKey, int generation, long afterSequence, int afterRow, int max, CancellationToken cancel)
        {
            var rows = await Inner.Owner.ReadDeltasAsync(instanceKey, generation, afterSequence, afterRow, max, cancel);
            return !_early.TryGetValue((instanceKey, generation), out var early) ? rows
                : [.. rows.Concat(early.Where(d => (d.AfterSequence, d.Row).CompareTo((afterSequence, afterRow)) > 0
                    && !rows.Any(r => r.AfterSequence == d.AfterSequence && r.Row == d.Row)))
                    .OrderBy(d => d.AfterSequence).ThenBy(d => d.Row)];
        }
    }
}

/// <summary>Says "accepted" and writes afterwards.</summary>
sealed class AcknowledgedBeforeItIsWritten : SeededBug
{
    public override IEngineStore AtNode(IEngineStore link) => new Link(link);

    sealed class Link(IEngineStore inner) : StoreDecorator(inner)
    {
        public override Task<IReadOnlyList<WriteOutcome>> WriteAsync(IReadOnlyList<StoreWrite> batch, CancellationToken cancel)
        {
            var written = Inner.Writes.WriteAsync(batch, cancel);
            return batch.All(w => w is InboxSend { Message.Kind: InboxKind.HistoryEvent })
                ? Task.FromResult<IReadOnlyList<WriteOutcome>>([.. batch.Select(_ => new WriteOutcome.Sent(SendOutcome.Accepted, 0))])
                : written;
        }
    }
}
