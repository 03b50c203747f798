using Agents.Contracts.Effects;
using Agents.Engine.Store;

namespace Agents.TestKit.Store;

internal sealed class SimulatedOwnerReads(SimulatedStore store, TimeProvider clock) : IOwnerStore
{
    public async Task<IReadOnlyList<InstanceRecord>> FindClaimableAsync(
        IReadOnlyCollection<string> liveNodes, DateTimeOffset now, int max, CancellationToken cancel)
    {
        await store.Options.Yield();
        return [.. store.State.Instances.Values
            .Where(i => i.IsOpen && (i.Head.Owner is not { } owner || !liveNodes.Contains(owner)) && (i.Head.Owner is not null || HasWork(i, now)))
            .OrderBy(i => i.Head.WakeAt ?? i.UpdatedAt)
            .ThenBy(i => i.Head.Key)
            .Take(max)
            .Select(i => i.Head)];
    }

    public async Task<IReadOnlyList<string>> FindOverlookedAsync(
        string nodeId, DateTimeOffset now, int max, CancellationToken cancel)
    {
        await store.Options.Yield();
        return [.. store.State.Instances.Values
            .Where(i => i.IsOpen && i.Head.Owner == nodeId && i.Inbox.Values.Any(message => Visible(message, now)))
            .OrderBy(i => i.Head.Key)
            .Take(max)
            .Select(i => i.Head.InstanceId)];
    }

    public async Task<DateTimeOffset?> NextWakeAsync(CancellationToken cancel)
    {
        await store.Options.Yield();
        var now = clock.GetUtcNow();
        DateTimeOffset? earliest = null;
        foreach (var instance in store.State.Instances.Values.Where(i => i.IsOpen))
        {
            foreach (var message in instance.Inbox.Values)
            {
                var due = message.VisibleAt > now ? message.VisibleAt : instance.Head.Owner is null ? now : null;
                earliest = Earlier(earliest, due);
            }

            earliest = Earlier(earliest, instance.Head.Owner is null ? instance.Head.WakeAt : null);
        }

        return earliest;
    }

    public async Task<IReadOnlyList<InboxRow>> ReadInboxAsync(
        long instanceKey, DateTimeOffset now, int max, CancellationToken cancel)
    {
        await store.Options.Yield();
        return store.State.Instances.TryGetValue(instanceKey, out var instance) && !instance.InboxClosed
            ? [.. instance.Inbox.Where(r => Visible(r.Value, now)).Take(max).Select(r => new InboxRow(r.Key, r.Value))]
            : [];
    }

    public async Task<IReadOnlyList<HistoryRow>> ReadHistoryAsync(
        long executionKey, long fromSequence, long maxBytes, CancellationToken cancel)
    {
        await store.Options.Yield();
        return StoredHistory.Read(store.State, executionKey, fromSequence, maxBytes);
    }

    public async Task<IReadOnlyDictionary<string, PayloadRow>> ReadPayloadsAsync(
        long lineageKey, IReadOnlyCollection<string> hashes, CancellationToken cancel)
    {
        await store.Options.Yield();
        return StoredHistory.Payloads(store.State, lineageKey, hashes);
    }

    public async Task<IReadOnlyList<LedgerEntry>> ReadLedgerAsync(
        string instanceId, bool inDoubtOnly, CancellationToken cancel)
    {
        await store.Options.Yield();
        return store.State.Find(instanceId) is not { } instance ? [] : [.. store.State.Ledger.Values
            .Where(e => e.Instance == instance.Head.Key && (!inDoubtOnly || e.Entry.State == LedgerState.InDoubt))
            .OrderBy(e => e.Entry.IntentAt).ThenBy(e => e.Order)
            .Select(e => e.Entry)];
    }

    public async Task<IReadOnlyList<StoredDelta>> ReadDeltasAsync(
        long instanceKey, int generation, long afterSequence, int afterRow, int max, CancellationToken cancel)
    {
        await store.Options.Yield();
        return !store.State.Instances.TryGetValue(instanceKey, out var instance) ? [] : [.. instance.Deltas
            .Where(d => d.Key.Generation == generation && (d.Key.After, d.Key.Row).CompareTo((afterSequence, afterRow)) > 0)
            .Take(max)
            .Select(d => d.Value)];
    }

    static bool HasWork(SimulatedInstance instance, DateTimeOffset now) =>
        instance.Head.WakeAt <= now || instance.Inbox.Values.Any(message => Visible(message, now));

    static bool Visible(InboxMessage message, DateTimeOffset now) => message.VisibleAt is not { } at || at <= now;

    static DateTimeOffset? Earlier(DateTimeOffset? a, DateTimeOffset? b) => a is null || b < a ? b ?? a : a;
}
