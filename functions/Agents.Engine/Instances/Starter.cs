using Agents.Contracts.Effects;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Engine.Effects;
using Agents.Engine.Work;

namespace Agents.Engine.Instances;

/// <summary>Starts attempts of open tasks; always after the commit that caused them.</summary>
internal sealed class Starter(NodeServices node, InstanceActor actor, HotInstance hot)
{
    /// <summary>
    /// Every open task that is not running, not in doubt and not waiting for its intent or in a queue. What a run asked for
    /// beside its end waits in none: nobody would be there to let it in.
    /// </summary>
    public void StartOpen(Func<int, bool>? except = null, bool ended = false)
    {
        if (hot.State.Suspended || hot.Draining || (!hot.InboxSeen && !ended))
        {
            return;
        }

        foreach (var task in hot.State.Tasks.Values.OrderBy(t => t.Sequence).ToList())
        {
            var id = task.Scheduled.EventId;
            if (except?.Invoke(id) == true || (hot.Offered.Contains(id) && !hot.OffersActivities))
            {
                continue;
            }

            if (hot.OffersActivities)
            {
                Offer(task, ended);
            }
            else if (hot.NeedsIntent.Contains(id))
            {
                hot.Places.MayBegin(task.Scheduled);   // in line first: the intent comes when it may begin
            }
            else if (!hot.InFlight.ContainsKey(id) && !hot.InDoubt.Contains(id))
            {
                Start(task);
            }
        }
    }

    void Start(OpenTask task)
    {
        var scheduled = task.Scheduled;
        var entry = scheduled.Effect is { Class: EffectClass.AtMostOnce } effect
            ? hot.Ledger.GetValueOrDefault(effect.Key)
            : null;
        if (entry is { State: LedgerState.Receipt })
        {
            // Rewound past a done effect: its receipt is the result.
            Run(task, ActivityMode.Reconcile, entry.AttemptToken, new ActivityOutcome.Completed(entry.Receipt, entry.Evidence));
            return;
        }

        // An intent this process did not just write belongs to an attempt that may have acted.
        var fresh = entry is not null && hot.FreshIntents.Contains(scheduled.EventId);
        var mode = entry is { State: LedgerState.Intent } && !fresh ? ActivityMode.Reconcile : ActivityMode.Execute;
        if (mode == ActivityMode.Execute && !hot.Places.MayBegin(scheduled))
        {
            return;
        }

        hot.FreshIntents.Remove(scheduled.EventId);
        Run(task, mode, entry?.AttemptToken ?? AttemptTokens.New(node), null);
    }

    void Offer(OpenTask task, bool ended)
    {
        var id = task.Scheduled.EventId;
        if (!hot.Offered.Contains(id) && (ended || hot.Places.MayBegin(task.Scheduled)))
        {
            hot.Offered.Add(id);
            node.Remote!.Offer(Item(task, ActivityMode.Execute, node.NewToken()));
        }
    }

    void Run(OpenTask task, ActivityMode mode, string token, ActivityOutcome? known)
    {
        var scheduled = task.Scheduled;
        var intentAt = hot.IntentMadeAt.GetValueOrDefault(scheduled.EventId, node.Clock.GetTimestamp());
        var activity = new RunningActivity(
            node, actor, hot.Share, Item(task, mode, token), intentAt, hot.TakenBack.Contains(scheduled.EventId));
        hot.IntentMadeAt.Remove(scheduled.EventId);
        hot.InFlight[scheduled.EventId] = activity;
        if (known is not null)
        {
            actor.Post(new Mail.Finished(activity, known));
            return;
        }

        _ = activity.RunAsync();
    }

    ActivityWorkItem Item(OpenTask task, ActivityMode mode, string token)
    {
        var scheduled = task.Scheduled;
        return new ActivityWorkItem
        {
            InstanceId = new InstanceId(hot.Record.InstanceId),
            ExecutionId = new ExecutionId(hot.ExecutionId),
            Generation = hot.Generation,
            TaskId = scheduled.EventId,
            ScheduledSequence = task.Sequence,
            Name = scheduled.Name,
            Version = scheduled.Version,
            Input = scheduled.Input,
            Tags = scheduled.Tags,
            Trace = scheduled.Trace ?? hot.State.Start?.Trace,
            Effect = scheduled.Effect,
            ForkOf = IdentityChain.InstanceOf(hot.Seeds[0].RunIdentity) is var origin && origin != hot.Record.InstanceId ? origin : null,
            Mode = mode,
            AttemptToken = token,
            Attempt = (int)Math.Min(hot.Record.OwnerEpoch, int.MaxValue),
            PredecessorGone = node.Options.PredecessorsProvenDead && !AttemptTokens.IsElsewhere(token)
                && !(scheduled.Effect is { } effect && node.Attempts.Any(effect.Key)),
        };
    }
}
