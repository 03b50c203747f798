using Agents.Contracts.Client;
using Agents.Engine.Store;
using Agents.Simulation.Faults;
using Agents.TestKit.Store;

namespace Agents.Simulation.Bugs;

/// <summary>A mistake in the store: it asks for something else than what it was given, or answers something else.</summary>
abstract class StoreBug : SeededBug
{
    public override IEngineStore AtStore(IEngineStore store) => new Store(store, this);

    protected virtual StoreWrite Change(StoreWrite write) => write;

    protected virtual void Changed(IReadOnlyList<StoreWrite> batch, WriteOutcome[] outcomes)
    {
    }

    protected virtual void Purged()
    {
    }

    sealed class Store(IEngineStore inner, StoreBug bug) : StoreDecorator(inner)
    {
        public override async Task<IReadOnlyList<WriteOutcome>> WriteAsync(IReadOnlyList<StoreWrite> batch, CancellationToken cancel)
        {
            WriteOutcome[] outcomes = [.. await Inner.Writes.WriteAsync([.. batch.Select(bug.Change)], cancel)];
            bug.Changed(batch, outcomes);
            return outcomes;
        }

        public override async Task<PurgeOutcome> PurgeAsync(IReadOnlyList<string> ids, DateTimeOffset now, CancellationToken cancel)
        {
            var outcome = await Inner.Admin.PurgeAsync(ids, now, cancel);
            bug.Purged();
            return outcome;
        }
    }
}

/// <summary>The fence does not compare the owner's epoch.</summary>
sealed class FenceWithoutEpoch : StoreBug
{
    protected override StoreWrite Change(StoreWrite write) => write is InstanceCommit commit && Site.Peek.ById(commit.InstanceKey) is { } row
        ? commit with { OwnerEpoch = row.OwnerEpoch }
        : write;
}

/// <summary>INSERT … ON CONFLICT DO NOTHING: what wrote nothing is answered like what was written.</summary>
sealed class DoNothingTakenForDone : StoreBug
{
    protected override void Changed(IReadOnlyList<StoreWrite> batch, WriteOutcome[] outcomes)
    {
        for (var i = 0; i < outcomes.Length; i++)
        {
            if (outcomes[i] is WriteOutcome.Fenced)
            {
                outcomes[i] = new WriteOutcome.Committed(null);
            }
        }
    }
}

/// <summary>One refused instance takes all others of its transaction with it.</summary>
sealed class BatchFallsTogether : SeededBug
{
    public override IEngineStore AtStore(IEngineStore store) => new Store(store, Site);

    sealed class Store(IEngineStore inner, BugSite site) : StoreDecorator(inner)
    {
        public override async Task<IReadOnlyList<WriteOutcome>> WriteAsync(IReadOnlyList<StoreWrite> batch, CancellationToken cancel)
        {
            var before = site.Store.State;
            var outcomes = await Inner.Writes.WriteAsync(batch, cancel);
            if (batch.Count < 2 || !outcomes.Any(o => o is WriteOutcome.Fenced))
            {
                return outcomes;
            }

            site.Store.Apply(before, synced: true);
            return [.. batch.Zip(outcomes, (w, o) => w is InstanceCommit ? new WriteOutcome.Fenced() : o)];
        }
    }
}

/// <summary>A claim takes the instance without a new epoch.</summary>
sealed class ClaimKeepsTheEpoch : StoreBug
{
    protected override void Changed(IReadOnlyList<StoreWrite> batch, WriteOutcome[] outcomes)
    {
        for (var i = 0; i < outcomes.Length; i++)
        {
            if (outcomes[i] is WriteOutcome.Claimed { Instance: { } row })
            {
                var found = Site.Store.State.Instances[row.Key];
                var head = found.Head with { OwnerEpoch = found.Head.OwnerEpoch - 1 };
                Site.Store.Apply(Site.Store.State.With(found with { Head = head }), synced: true);
                outcomes[i] = new WriteOutcome.Claimed(head);
            }
        }
    }
}

/// <summary>The same dedup key is taken in again.</summary>
sealed class DedupKeyIgnored : StoreBug
{
    protected override StoreWrite Change(StoreWrite write) => write is InboxSend send
        ? send with { Message = send.Message with { DedupKey = null } }
        : write;
}

/// <summary>A purge leaves no tombstone.</summary>
sealed class NoTombstone : StoreBug
{
    protected override void Purged() => Site.Store.Apply(
        Site.Store.State with { Tombstones = Site.Store.State.Tombstones.Clear() }, synced: true);
}

/// <summary>A purge does not look whether a fork still needs the payloads of the lineage.</summary>
sealed class PurgeWithoutTheLock : StoreBug
{
    protected override void Purged()
    {
        var state = Site.Store.State;
        var hidden = state.Instances.Values.Where(i => i.Hidden).Select(i => i.Head.LineageKey).ToHashSet();
        Site.Store.Apply(
            state with { Payloads = state.Payloads.RemoveRange(state.Payloads.Keys.Where(p => hidden.Contains(p.Lineage))) },
            synced: true);
    }
}

/// <summary>A purge forgets the payloads of a lineage that is wholly gone.</summary>
sealed class PayloadsOutliveTheirLineage : SeededBug
{
    public override IEngineStore AtStore(IEngineStore store) => new Store(store, Site);

    sealed class Store(IEngineStore inner, BugSite site) : StoreDecorator(inner)
    {
        public override async Task<PurgeOutcome> PurgeAsync(IReadOnlyList<string> ids, DateTimeOffset now, CancellationToken cancel)
        {
            var payloads = site.Store.State.Payloads;
            var outcome = await Inner.Admin.PurgeAsync(ids, now, cancel);
            site.Store.Apply(site.Store.State with { Payloads = payloads }, synced: true);
            return outcome;
        }
    }
}

/// <summary>A commit is answered before it is on the disk.</summary>
sealed class AnsweredBeforeItIsDurable : SeededBug
{
    static readonly TimeSpan s_syncEvery = TimeSpan.FromMilliseconds(400);
    SimulatedState _synced = new();

    public override void Settle(BugSite site)
    {
        base.Settle(site);
        Sync();
    }

    public override void PowerLost() => Site.Store.Apply(_synced, synced: true);

    void Sync()
    {
        _synced = Site.Store.State;
        Site.Scheduler.After(s_syncEvery, Site.Scheduler.World, Sync);
    }
}

/// <summary>Rows are deleted when they are read, before the commit that takes them in.</summary>
sealed class InboxDeletedWhenRead : SeededBug
{
    public override IEngineStore AtStore(IEngineStore store) => new Store(store, Site);

    sealed class Store(IEngineStore inner, BugSite site) : StoreDecorator(inner)
    {
        public override async Task<IReadOnlyList<InboxRow>> ReadInboxAsync(
            long instanceKey, DateTimeOffset now, int max, CancellationToken cancel)
        {
            var rows = await Inner.Owner.ReadInboxAsync(instanceKey, now, max, cancel);
            if (max < 10_000 && rows.Count > 0)
            {
                var found = site.Store.State.Instances[instanceKey];
                site.Store.Apply(site.Store.State.With(found with { Inbox = found.Inbox.RemoveRange(rows.Select(r => r.Id)) }), synced: true);
            }

            return rows;
        }

        public override Task<IReadOnlyList<WriteOutcome>> WriteAsync(IReadOnlyList<StoreWrite> batch, CancellationToken cancel) =>
            Inner.Writes.WriteAsync([.. batch.Select(w => w is InstanceCommit c ? c with { ConsumedInbox = [] } : w)], cancel);
    }
}

/// <summary>The ledger is written by a transaction of its own, behind the commit.</summary>
sealed class IntentBehindTheCommit : SeededBug
{
    public override IEngineStore AtStore(IEngineStore store) => new Store(store, Site);

    sealed class Store(IEngineStore inner, BugSite site) : StoreDecorator(inner)
    {
        public override async Task<IReadOnlyList<WriteOutcome>> WriteAsync(IReadOnlyList<StoreWrite> batch, CancellationToken cancel)
        {
            var outcomes = await Inner.Writes.WriteAsync(
                [.. batch.Select(w => w is InstanceCommit c ? c with { Ledger = [] } : w)], cancel);
            for (var i = 0; i < batch.Count; i++)
            {
                if (batch[i] is InstanceCommit { Ledger.Count: > 0 } commit && outcomes[i] is WriteOutcome.Committed)
                {
                    site.Scheduler.After(TimeSpan.FromMilliseconds(300), site.Scheduler.World, () => Write(commit));
                }
            }

            return outcomes;
        }

        void Write(InstanceCommit commit)
        {
            var state = site.Store.State;
            if (state.Instances.ContainsKey(commit.InstanceKey))
            {
                foreach (var (entry, _) in commit.Ledger)
                {
                    state = state with
                    {
                        Ledger = state.Ledger.SetItem(entry.Key, new SimulatedEntry(commit.InstanceKey, entry, state.Ledger.Count)),
                    };
                }

                site.Store.Apply(state, synced: true);
            }
        }
    }
}

/// <summary>The sweep looks for instances without an owner only, not for those of an owner that died.</summary>
sealed class SweepMissesTheDead : SeededBug
{
    public override IEngineStore AtStore(IEngineStore store) => new Store(store);

    sealed class Store(IEngineStore inner) : StoreDecorator(inner)
    {
        public override async Task<IReadOnlyList<InstanceRecord>> FindClaimableAsync(
            IReadOnlyCollection<string> liveNodes, DateTimeOffset now, int max, CancellationToken cancel) =>
            [.. (await Inner.Owner.FindClaimableAsync(liveNodes, now, max, cancel)).Where(i => i.Owner is null)];
    }
}
