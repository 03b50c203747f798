using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Contracts.Work;
using Agents.Engine.Effects;
using Agents.Engine.Store;
using Agents.Engine.Work;

namespace Agents.Engine.Instances;

/// <summary>What one step does to the effect ledger: verdicts taken in, intents of what begins behind its commit, receipts.</summary>
internal sealed class StepEffects(NodeServices node, HotInstance hot, Intake intake, DateTimeOffset now)
{
    readonly List<LedgerWrite> _writes = [];
    DateTimeOffset _now = now;

    // From before the commit: a slow one must not lengthen the time in which an attempt may begin.
    long _startedAt = node.Clock.GetTimestamp();

    public IReadOnlyList<LedgerWrite> Writes => _writes;

    /// <summary>A worker has answered the turn: what it asks for begins now, however long the turn waited for that worker.</summary>
    public void TurnIsBack(DateTimeOffset now)
    {
        _now = now;
        _startedAt = node.Clock.GetTimestamp();
    }

    /// <summary>
    /// A word about an undecided effect: a person's, or that of an attempt whose owner had lost the run before it ended.
    /// One that fits no such effect, or another attempt of it, is dropped.
    /// </summary>
    public void Resolve(EffectResolution resolution)
    {
        var task = hot.State.Tasks.Values.FirstOrDefault(t => t.Scheduled.Effect?.Key == resolution.Key && IsUndecided(t));
        var known = hot.Ledger.GetValueOrDefault(resolution.Key);
        if (resolution.AttemptToken is { } meant && meant != known?.AttemptToken)
        {
            return;
        }

        if (task is null)
        {
            SettleClosed(resolution, known);
            return;
        }

        var id = task.Scheduled.EventId;
        hot.InDoubt.Remove(id);
        if (hot.InFlight.Remove(id, out var probe))
        {
            probe.CancelUnlessActed();
        }

        var happened = resolution.Verdict != EffectVerdict.DidNotHappen;
        Write(new LedgerWrite(Settled(known ?? NewEntry(task, AttemptTokens.New(node)), resolution), ExpectedToken: null));
        if (happened)
        {
            intake.TakeOutcome(new TaskCompleted { TaskScheduledId = id, Result = resolution.Result });
        }
        else
        {
            hot.NeedsIntent.Add(id);
        }
    }

    /// <summary>The generation that asked for it has ended without waiting: only the ledger still has a place for the word.</summary>
    void SettleClosed(EffectResolution resolution, LedgerEntry? known)
    {
        if (known is { State: LedgerState.Intent or LedgerState.InDoubt } && known.ExecutionId != hot.ExecutionId)
        {
            Write(new LedgerWrite(Settled(known, resolution), ExpectedToken: null));
        }
    }

    LedgerEntry Settled(LedgerEntry entry, EffectResolution resolution)
    {
        var happened = resolution.Verdict != EffectVerdict.DidNotHappen;
        return entry with
        {
            State = happened ? LedgerState.Receipt : LedgerState.Absent,
            Receipt = happened ? resolution.Result : null,
            Evidence = resolution.By == EffectResolution.Executor
                ? "executor, after its owner had lost the run"
                : $"person: {resolution.Verdict} ({resolution.By})",
            SettledAt = _now,
        };
    }

    /// <summary>In doubt, or an intent of somebody else's that is still to be asked about or is being asked about.</summary>
    bool IsUndecided(OpenTask task)
    {
        var id = task.Scheduled.EventId;
        return !intake.Resolves(id) && (hot.InDoubt.Contains(id)
            || (hot.Ledger.GetValueOrDefault(task.Scheduled.Effect!.Key)?.State == LedgerState.Intent
                && !hot.FreshIntents.Contains(id)
                && hot.InFlight.GetValueOrDefault(id)?.Item.Mode != ActivityMode.Execute));
    }

    /// <summary>
    /// Intents of the attempts that begin behind this commit; those of effects scheduled just now ride with them. A run
    /// that ends, rests or is given up starts nothing: an intent would leave a doubt about nothing. What has its result
    /// in this very step needs none either, and must not write over the entry that the result came from.
    /// </summary>
    public void WriteIntents(TurnDecision? decision)
    {
        if (decision is { Status: not null } or { Next: not null })
        {
            return;
        }

        IntendScheduled(decision?.Intents ?? []);
        if (intake.Suspended || hot.Draining || !hot.InboxSeen)
        {
            return;
        }

        foreach (var id in hot.NeedsIntent.Order().ToList())
        {
            if (hot.State.Tasks.TryGetValue(id, out var task) && !intake.Resolves(id))
            {
                if (!hot.Places.MayBegin(task.Scheduled))
                {
                    continue;   // in a queue: the deadline of an intent must not run out there
                }

                Intend(task);
            }
            else if (decision?.Intents.Find(t => t.EventId == id) is { } scheduled)
            {
                if (!hot.Places.NeedsNone(scheduled))
                {
                    continue;
                }

                Intend(new OpenTask(scheduled, 0));
            }

            hot.NeedsIntent.Remove(id);
        }
    }

    void Intend(OpenTask task)
    {
        var entry = NewEntry(task, AttemptTokens.New(node));
        Write(new LedgerWrite(entry, ExpectedToken: null));
        hot.FreshIntents.Add(task.Scheduled.EventId);
        hot.IntentMadeAt[task.Scheduled.EventId] = _startedAt;
    }

    LedgerEntry NewEntry(OpenTask task, string token) => new()
    {
        Key = task.Scheduled.Effect!.Key,
        InstanceId = hot.Record.InstanceId,
        ExecutionId = hot.ExecutionId,
        TaskId = task.Scheduled.EventId,
        Tool = task.Scheduled.Effect.Tool,
        State = LedgerState.Intent,
        AttemptToken = token,
        IntentAt = _now,
    };

    public void Write(LedgerWrite write)
    {
        _writes.Add(write);
        hot.Ledger[write.Entry.Key] = write.Entry;
    }

    /// <summary>What is scheduled needs an intent unless its key was used before: then that entry says what to do.</summary>
    void IntendScheduled(List<TaskScheduled> scheduled)
    {
        foreach (var task in scheduled)
        {
            switch (hot.Ledger.GetValueOrDefault(task.Effect!.Key)?.State)
            {
                case null or LedgerState.Absent:
                    hot.NeedsIntent.Add(task.EventId);
                    break;
                case LedgerState.InDoubt:
                    hot.InDoubt.Add(task.EventId);
                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>In a first generation no key comes twice: receipts need not be held.</summary>
    public void ForgetSettled()
    {
        if (hot.Generation > 0 || hot.Record.Execution.Cut is not null)
        {
            return;
        }

        foreach (var write in _writes.Where(w => w.Entry.State == LedgerState.Receipt))
        {
            hot.Ledger.Remove(write.Entry.Key);
        }
    }
}
