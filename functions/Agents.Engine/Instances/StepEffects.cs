using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Engine.Store;
using Agents.Engine.Work;

namespace Agents.Engine.Instances;

/// <summary>What one step does to the effect ledger: verdicts taken in, intents of what begins behind its commit, receipts.</summary>
internal sealed class StepEffects(NodeServices node, HotInstance hot, Intake intake, DateTimeOffset now)
{
    readonly List<LedgerWrite> _writes = [];

    // From before the commit: a slow one must not lengthen the time in which an attempt may begin.
    readonly long _startedAt = node.Clock.GetTimestamp();

    public IReadOnlyList<LedgerWrite> Writes => _writes;

    /// <summary>A person's word about an effect in doubt; one that fits no such effect is dropped.</summary>
    public void Resolve(EffectResolution resolution)
    {
        var task = hot.State.Tasks.Values.FirstOrDefault(t =>
            t.Scheduled.Effect?.Key == resolution.Key && hot.InDoubt.Contains(t.Scheduled.EventId));
        var token = hot.Ledger.GetValueOrDefault(resolution.Key)?.AttemptToken;
        if (task is null || (resolution.AttemptToken is { } meant && meant != token))
        {
            return;
        }

        var id = task.Scheduled.EventId;
        hot.InDoubt.Remove(id);
        var happened = resolution.Verdict != EffectVerdict.DidNotHappen;
        var entry = hot.Ledger.GetValueOrDefault(resolution.Key) ?? NewEntry(task, node.NewToken());
        Write(new LedgerWrite(
            entry with
            {
                State = happened ? LedgerState.Receipt : LedgerState.Absent,
                Receipt = happened ? resolution.Result : null,
                Evidence = $"person: {resolution.Verdict} ({resolution.By})",
                SettledAt = now,
            },
            ExpectedToken: null));
        if (happened)
        {
            intake.Take(new TaskCompleted { TaskScheduledId = id, Result = resolution.Result });
        }
        else
        {
            hot.NeedsIntent.Add(id);
        }
    }

    /// <summary>
    /// An attempt of an earlier owner may have ended after all: its receipt is the result, and what never began is free
    /// to begin. The entries are as stored; nothing needs to be written for them here.
    /// </summary>
    public void TakeEvidence(IReadOnlyList<LedgerEntry> stored)
    {
        var settled = stored.Where(e => e.State is LedgerState.Receipt or LedgerState.Absent).ToDictionary(e => e.Key);
        foreach (var id in hot.InDoubt.Order().ToList())
        {
            if (hot.State.Tasks.GetValueOrDefault(id)?.Scheduled.Effect is { } effect && settled.TryGetValue(effect.Key, out var entry))
            {
                hot.InDoubt.Remove(id);
                hot.Ledger[effect.Key] = entry;
                if (entry.State == LedgerState.Absent)
                {
                    hot.NeedsIntent.Add(id);
                }
            }
        }
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
        if (intake.Suspended || hot.Draining)
        {
            return;
        }

        foreach (var id in hot.NeedsIntent.Order().ToList())
        {
            hot.NeedsIntent.Remove(id);
            if (hot.State.Tasks.TryGetValue(id, out var task) && !intake.Resolves(id))
            {
                Intend(task);
            }
            else if (decision?.Intents.Find(t => t.EventId == id) is { } scheduled)
            {
                Intend(new OpenTask(scheduled, 0));
            }
        }
    }

    void Intend(OpenTask task)
    {
        var entry = NewEntry(task, node.NewToken());
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
        IntentAt = now,
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
