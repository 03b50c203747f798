using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Engine.History;
using Agents.Engine.Store;
using Agents.Simulation.Checks;
using Agents.Simulation.Scheduling;

namespace Agents.Simulation.Faults;

/// <summary>
/// Sits on the store's machine, in front of the store all processes share. Holds each commit that went in against what
/// it consumed, and lets rows of other transactions become visible out of the order of their ids, as databases do.
/// </summary>
sealed class StoreWitness(IEngineStore inner, SimScheduler scheduler, SimRandom random, FaultPlan faults, Observer observer)
    : StoreDecorator(inner)
{
    readonly StorePeek _peek = new(inner);
    readonly HashSet<long> _notYetVisible = [];

    /// <summary>Commits that went in.</summary>
    public long Commits { get; private set; }

    public override Task<QueueAnswer> PassAsync(QueueRound round, CancellationToken cancel)
    {
        var answer = StorePeek.Now(Inner.Queues.PassAsync(round, cancel));
        foreach (var queue in _peek.Queues().Where(q => q.Held > q.Limit.Concurrency))
        {
            observer.Breach($"[queue] {queue.Held} hold a place in '{queue.Limit.Queue}', whose bound is {queue.Limit.Concurrency}");
        }

        return Task.FromResult(answer);
    }

    public override async Task<IReadOnlyList<WriteOutcome>> WriteAsync(IReadOnlyList<StoreWrite> batch, CancellationToken cancel)
    {
        var before = batch.Select(
            w => w is InstanceCommit c && (c.ConsumedInbox.Count > 0 || c.Status is not null) ? _peek.Inbox(c.InstanceKey) : [])
            .ToList();
        var heads = batch.Select(w => w switch
        {
            InstanceCommit c => _peek.ById(c.InstanceKey),
            InstanceClaim c => _peek.ById(c.InstanceKey),
            _ => null,
        }).ToList();
        var outcomes = StorePeek.Now(Inner.Writes.WriteAsync(batch, cancel));
        var hidden = new List<long>();
        var sent = new List<(long Key, InboxMessage Message)>();
        for (var i = 0; i < batch.Count; i++)
        {
            var (write, outcome) = (batch[i], outcomes[i]);
            scheduler.Trace.Detail("store", () => Words(write, outcome));
            CheckFence(batch, i, heads[i], outcome);
            switch (batch[i], outcomes[i])
            {
                case (InstanceCommit c, WriteOutcome.Committed):
                    Commits++;
                    Check(c, before[i], sent);
                    break;
                case (InboxSend s, WriteOutcome.Sent { Outcome: Contracts.Client.SendOutcome.Accepted } answer):
                    sent.Add((answer.InstanceKey, s.Message));
                    Hide(answer.InstanceKey, s, hidden);
                    break;
                default:
                    break;
            }
        }

        if (hidden.Count > 0)
        {
            var visible = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var wait = random.Between(TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(300));
            scheduler.After(wait, scheduler.World, visible.SetResult);
            await visible.Task;
            _notYetVisible.ExceptWith(hidden);
        }

        return outcomes;
    }

    string Words(StoreWrite write, WriteOutcome outcome) => write switch
    {
        InstanceCommit c => $"commit {_peek.ById(c.InstanceKey)?.InstanceId} e{c.OwnerEpoch} s{c.ExpectedSequence}+{c.EventCount} "
            + $"inbox [{string.Join(",", c.ConsumedInbox)}] ledger [{string.Join(",", c.Ledger.Select(l => l.Entry.Key[..8] + ":" + l.Entry.State))}] "
            + $"{string.Join(" ", c.Deltas.Select(d => $"{d.Kind}#{d.TaskId}.{d.Attempt}@{d.Start}+{d.Text.Length}"))} {c.Status?.Status}{(c.Release ? " release" : "")}{(c.Next is null ? "" : " next")} -> {outcome}",
        InstanceClaim c => $"claim {_peek.ById(c.InstanceKey)?.InstanceId} by {c.NodeId} at e{c.ExpectedEpoch} -> {(outcome as WriteOutcome.Claimed)?.Instance?.OwnerEpoch}",
        InboxSend s => $"send {s.InstanceId} {s.Message.DedupKey} -> {outcome}",
        InstanceStart s => $"start {s.InstanceId} -> {outcome}",
        EvidenceWrite e => $"evidence {e.Entry.Key[..8]} {e.Entry.State} -> {outcome}",
        _ => write.GetType().Name,
    };

    public override async Task<IReadOnlyList<InboxRow>> ReadInboxAsync(
        long instanceKey, DateTimeOffset now, int max, CancellationToken cancel)
    {
        var rows = await Inner.Owner.ReadInboxAsync(instanceKey, now, max, cancel);
        return _notYetVisible.Count == 0 ? rows : [.. rows.Where(r => !_notYetVisible.Contains(r.Id))];
    }

    /// <summary>The row has its id, its transaction is still to end: later ids may be seen before it.</summary>
    void Hide(long instanceKey, InboxSend send, List<long> hidden)
    {
        // A write behind it in the same batch may have ended the run; then nobody reads its inbox any more.
        if (faults.IsActive && random.Chance(0.25) && send.Message.VisibleAt is null
            && _peek.Inbox(instanceKey) is [.., { } last])
        {
            _notYetVisible.Add(last.Id);
            hidden.Add(last.Id);
        }
    }

    /// <summary>The fence lets in who holds it, whatever becomes of the others in the batch, and nobody else.</summary>
    void CheckFence(IReadOnlyList<StoreWrite> batch, int place, InstanceRecord? head, WriteOutcome outcome)
    {
        if (outcome is WriteOutcome.Claimed { Instance: { } claimed } && claimed.OwnerEpoch <= head?.OwnerEpoch)
        {
            observer.Breach($"[I1] {claimed.InstanceId} was claimed at epoch {head.OwnerEpoch} and has epoch {claimed.OwnerEpoch}");
        }

        if (batch[place] is not InstanceCommit commit || batch.Take(place).Any(w => Touches(w, commit.InstanceKey, head)))
        {
            return;
        }

        var holds = head is not null && head.Execution.Key == commit.ExecutionKey && head.OwnerEpoch == commit.OwnerEpoch
            && head.NextSequence == commit.ExpectedSequence;
        if (outcome is WriteOutcome.Committed && !holds)
        {
            observer.Breach($"[I1] a commit at epoch {commit.OwnerEpoch}, event {commit.ExpectedSequence} went into "
                + $"{head?.InstanceId ?? commit.InstanceKey.ToString(System.Globalization.CultureInfo.InvariantCulture)}, which stands at epoch {head?.OwnerEpoch}, event {head?.NextSequence}");
        }
        else if (outcome is not WriteOutcome.Committed && holds)
        {
            observer.Breach($"[I2] {head!.InstanceId}: its owner's commit at event {commit.ExpectedSequence} got {outcome}");
        }
    }

    static bool Touches(StoreWrite write, long key, InstanceRecord? head) => write switch
    {
        InstanceCommit c => c.InstanceKey == key || c.Starts.Count > 0,
        InstanceClaim c => c.InstanceKey == key,
        InstanceStart s => s.InstanceId == head?.InstanceId,
        _ => false,
    };

    /// <summary>Who ends with all that is below ends every child in the same commit.</summary>
    void CheckTermination(InstanceCommit commit, IReadOnlyList<HistoryEvent> events)
    {
        if (commit.Status is null || !events.OfType<ExecutionTerminated>().Any(t => t.Recurse)
            || _peek.ById(commit.InstanceKey) is not { } record)
        {
            return;
        }

        var all = _peek.Events(record, record.Execution).Select(e => e.Event).ToList();
        var closed = all.Select(e => e switch
        {
            SubOrchestrationInstanceCompleted c => c.TaskScheduledId,
            SubOrchestrationInstanceFailed f => f.TaskScheduledId,
            _ => -1,
        }).ToHashSet();
        foreach (var child in all.OfType<SubOrchestrationInstanceCreated>().Where(c => !closed.Contains(c.EventId)))
        {
            if (!commit.Sends.Any(s => s.InstanceId == child.InstanceId))
            {
                observer.Breach($"[terminate] {record.InstanceId} ended with all that is below it, and {child.InstanceId} was not told");
            }
        }
    }

    void Check(InstanceCommit commit, IReadOnlyList<InboxRow> inbox, List<(long Key, InboxMessage Message)> sent)
    {
        var events = commit.EventCount == 0 ? [] : HistoryCodec.Decode(commit.Events, null, []);
        if (events.Count != commit.EventCount)
        {
            observer.Breach($"[I1] a commit of {commit.InstanceKey} says {commit.EventCount} events and brings {events.Count}");
        }

        var rows = inbox.Where(r => commit.ConsumedInbox.Contains(r.Id)).ToList();
        if (rows.Count != commit.ConsumedInbox.Count)
        {
            observer.Breach($"[I5] a commit of {commit.InstanceKey} consumes {commit.ConsumedInbox.Count} rows, {rows.Count} were there");
        }

        var raised = rows.Count(r => r.Message.Kind == InboxKind.HistoryEvent
            && (r.Message.ExecutionId is null || _peek.Executions(commit.InstanceKey).Any(
                e => e.Key == commit.ExecutionKey && e.ExecutionId == r.Message.ExecutionId))
            && HistoryCodec.DecodeOne(r.Message.Body, null, []) is EventRaised);
        if (raised != events.OfType<EventRaised>().Count())
        {
            observer.Breach($"[I5] a commit of {commit.InstanceKey} consumes {raised} raised events and appends {events.OfType<EventRaised>().Count()}");
        }

        CheckTermination(commit, events);
        if (commit.Status is { } change && _peek.ById(commit.InstanceKey) is { } record)
        {
            observer.LeftOver[commit.InstanceKey] =
            [
                .. inbox.Where(r => !commit.ConsumedInbox.Contains(r.Id)),
                .. sent.Where(s => s.Key == commit.InstanceKey).Select(s => new InboxRow(0, s.Message)),
            ];
            observer.SuspendCommitted(record.InstanceId, change.Status == OrchestrationStatus.Suspended);
        }
    }
}
