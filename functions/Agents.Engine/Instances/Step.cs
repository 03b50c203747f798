using Agents.Contracts.Actions;
using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Engine.Effects;
using Agents.Engine.History;
using Agents.Engine.Store;
using Agents.Engine.Work;

namespace Agents.Engine.Instances;

/// <summary>
/// One step of an instance: take in what has come, run the orchestrator, write one commit under the fence, and only
/// then let anything out.
/// </summary>
internal sealed partial class Step(NodeServices node, InstanceActor actor, HotInstance hot)
{
    readonly Intake _intake = new(hot.State, hot.ExecutionId);
    readonly List<RunningActivity> _flushes = [];
    readonly List<RunningActivity> _closed = [];
    readonly List<RunningActivity> _again = [];
    DateTimeOffset _now = node.Clock.GetUtcNow();
    bool _evict;
    bool _moreInbox;

    StepEffects? _effects;
    RemoteTurn? _remote;

    StepEffects Effects => _effects ??= new StepEffects(node, hot, _intake, _now);

    public async Task<StepResult> RunAsync(List<Mail> mail)
    {
        await CollectAsync(mail);
        if (!hot.State.IsStarted && !_intake.Started)
        {
            // Scheduled for later, or only messages so far: they wait in the inbox for the start, but for an end.
            if (!_intake.Terminates)
            {
                return await ReleaseAsync(hot.Record.WakeAt);
            }
        }
        else if (hot.Match == OrchestratorMatch.OtherVersion && !_intake.Terminates)
        {
            Log.OtherVersion(node.Log, hot.Record.InstanceId, hot.Record.Name, hot.Record.Version);
            return await ReleaseAsync(_now + TimeSpan.FromMinutes(1));
        }

        TurnDecision? decision = null;
        if (_intake.HasEvents)
        {
            if (hot.IsRemote)
            {
                var answer = await AskWorkersAsync();
                if (answer.Ends is { } result)
                {
                    return result;
                }

                decision = answer.Decision;
            }
            else if (Turn(out decision) is { } why)
            {
                return new StepResult.Parks(why);
            }
        }

        Effects.WriteIntents(decision);
        var flushes = Flush();
        if (decision is null && Effects.Writes.Count == 0 && flushes.Count == 0 && _intake.Consumed.Count == 0)
        {
            return await RestAsync();
        }

        return await CommitAsync(decision, flushes);
    }

    async Task CollectAsync(List<Mail> mail)
    {
        foreach (var item in mail)
        {
            switch (item)
            {
                case Mail.Finished finished:
                    TakeFinished(finished);
                    break;
                case Mail.Flush flush:
                    _flushes.Add(flush.Activity);
                    break;
                case Mail.Drain:
                    hot.Draining = true;
                    foreach (var activity in hot.InFlight.Values)
                    {
                        activity.CancelUnlessActed();
                    }

                    break;
                case Mail.Placed placed:
                    hot.Places.Granted(placed.TaskId);
                    break;
                case Mail.Evict:
                    _evict = true;
                    break;
                case Mail.Leave:
                    hot.Leaving = true;
                    break;
                default:
                    break;
            }
        }

        // Before any intent is written: an intent that nobody acts on would leave a doubt about nothing.
        hot.Draining |= hot.Leaving && hot.InFlight.Count == 0;
        if (mail.Exists(m => m is Mail.Inbox))
        {
            await ReadInboxAsync(all: mail.Exists(m => ReferenceEquals(m, Mail.Inbox.Urgent)));
            if (hot.Places.AnyWaits)
            {
                node.Queues.Check();   // perhaps the hint was about a place
            }
        }

        _intake.TakeDueTimers(_now);
        if (_intake.Dropped > 0)
        {
            Log.Dropped(node.Log, hot.Record.InstanceId, _intake.Dropped);
        }
    }

    async Task ReadInboxAsync(bool all)
    {
        // The start of a new generation stands behind whatever has waited longer: a first turn takes all there is.
        var max = hot.State.IsStarted && !all ? node.Options.InboxRowsPerTurn : int.MaxValue;
        var rows = await node.Store.Owner.ReadInboxAsync(hot.Record.Key, _now, max, CancellationToken.None);
        _moreInbox = rows.Count == max;
        hot.InboxSeen |= !_moreInbox;
        foreach (var row in rows)
        {
            _intake.Take(row);
        }

        foreach (var resolution in _intake.Resolutions)
        {
            Effects.Resolve(resolution);
        }
    }

    void TakeFinished(Mail.Finished finished)
    {
        var id = finished.Activity.Item.TaskId;
        if (!hot.InFlight.TryGetValue(id, out var current) || current != finished.Activity)
        {
            finished.Activity.Settle();
            return;
        }

        hot.InFlight.Remove(id);
        hot.Places.GiveBack(id);
        _closed.Add(finished.Activity);
        var settlement = Settlement.Of(finished.Activity, finished.Outcome, _now);
        if (settlement.Ledger is { } write)
        {
            Effects.Write(write);
        }

        switch (settlement.Fate)
        {
            case TaskFate.Closed:
                _intake.TakeOutcome(settlement.Event!);
                break;
            case TaskFate.InDoubt:
                hot.InDoubt.Add(id);
                Log.InDoubt(
                    node.Log, hot.Record.InstanceId, finished.Activity.Item.Effect!.Tool, finished.Activity.Item.Effect!.Key,
                    settlement.Ledger!.Entry.Evidence ?? "");
                break;
            default:
                _again.Add(finished.Activity);
                if (settlement.Ledger is not null)
                {
                    hot.NeedsIntent.Add(id);
                }

                break;
        }
    }

    List<DeltaRow> Flush()
    {
        var rows = new List<DeltaRow>();
        foreach (var activity in _flushes.Where(a => hot.InFlight.ContainsValue(a)))
        {
            foreach (var (kind, start, text) in activity.Deltas.Take())
            {
                rows.Add(Row(activity, kind, start, text));
                activity.Deltas.HasRows |= kind != StreamDelta.Waiting;
            }
        }

        foreach (var activity in _closed)
        {
            var another = _again.Contains(activity);
            if (activity.Deltas.TakeRetraction(another))
            {
                rows.Add(Row(activity, "retract", 0, ""));
                if (another)
                {
                    hot.TakenBack.Add(activity.Item.TaskId);
                }
            }
        }

        return rows;
    }

    DeltaRow Row(RunningActivity activity, string kind, int start, string text) => new(
        hot.Generation, hot.State.NextSequence - 1, hot.NextDeltaRow(hot.State.NextSequence),
        activity.Item.TaskId, activity.Item.Attempt, kind, start, text);

    async Task<StepResult> CommitAsync(TurnDecision? decision, List<DeltaRow> deltas)
    {
        var events = decision?.Events;
        var encoded = events is null ? null : HistoryCodec.Encode(events, node.Options.PayloadBytesMax);
        var ending = decision?.Status is not null;
        var commit = new InstanceCommit
        {
            InstanceKey = hot.Record.Key,
            ExecutionKey = hot.Record.Execution.Key,
            OwnerEpoch = hot.Record.OwnerEpoch,
            ExpectedSequence = hot.State.NextSequence,
            EventCount = events?.Count ?? 0,
            Events = encoded?.Bytes ?? default,
            CommitId = node.NewCommitId(),
            Now = _now,
            Status = decision is null ? null : StatusAfter(decision),
            CustomStatus = decision?.CustomStatus,
            Release = ending,
            InDoubt = Effects.Writes.Count == 0 && !ending ? null : hot.InDoubt.Count,
            ConsumedInbox = _intake.Consumed,
            Sends = decision?.Sends ?? [],
            Starts = decision?.Starts ?? [],
            Ledger = Effects.Writes,
            Payloads = encoded?.Payloads ?? [],
            Deltas = deltas,
            Fold = Fold(events),
            Next = decision?.Next,
        };
        if (_intake.Suspended)
        {
            // From this commit on nothing may begin; what a resumption lets go waits until that one is committed.
            actor.HoldStarts(true);
        }

        WriteOutcome? outcome = null;
        try
        {
            outcome = await node.Committer.SubmitAsync(commit);
        }
        finally
        {
            if (outcome is not WriteOutcome.Committed)
            {
                _remote?.Refused();
            }
        }

        return outcome switch
        {
            WriteOutcome.Committed => After(decision),
            WriteOutcome.Refused refused => new StepResult.Parks($"AG1002: the store refused a commit: {refused.Why}"),
            _ => StepResult.Fenced.Out,
        };
    }

    StatusChange? StatusAfter(TurnDecision decision)
    {
        if (decision.Status is { } end)
        {
            return end;
        }

        var after = hot.State.Status;
        foreach (var e in decision.Events)
        {
            after = e switch
            {
                ExecutionStarted or ExecutionResumed => OrchestrationStatus.Running,
                ExecutionSuspended => OrchestrationStatus.Suspended,
                _ => after,
            };
        }

        return after == hot.StoredStatus ? null : new StatusChange(after);
    }

    DeltaFold? Fold(List<HistoryEvent>? events)
    {
        if (events is null || _closed.Find(a => a.Deltas is { HasRows: true, HasRetracted: false }) is not { } streamed)
        {
            return null;
        }

        var index = events.FindIndex(e => e is TaskCompleted c && c.TaskScheduledId == streamed.Item.TaskId);
        return index < 0
            ? null
            : new DeltaFold(hot.Generation, streamed.Item.TaskId, streamed.Item.Attempt, hot.State.NextSequence + index);
    }

    StepResult After(TurnDecision? decision)
    {
        if (decision is not null)
        {
            var sequence = hot.State.NextSequence;
            foreach (var e in decision.Events)
            {
                hot.State.Apply(new SequencedEvent(sequence++, e));
            }

            hot.StoredStatus = hot.State.Status;
            Tell(decision);
        }

        _closed.ForEach(static a => a.Settle());
        node.Live.Committed(hot.Record.InstanceId);
        if (decision?.Next is not null)
        {
            return StepResult.Renewed.Execution;
        }

        if (decision?.Status is { } end)
        {
            return Ended(end.Status);
        }

        Effects.ForgetSettled();
        hot.Places.Settle();
        new Starter(node, actor, hot).StartOpen();
        if (hot.Draining)
        {
            actor.Post(Mail.Drain.Now);
        }

        if (_moreInbox)
        {
            actor.Post(Mail.Inbox.Hint);
        }

        if ((hot.Session?.ApproximateBytes ?? hot.Remote?.ApproximateBytes) is { } bytes && Math.Abs(bytes - hot.SessionBytes) > 4_096)
        {
            node.HotBytesChanged(bytes - hot.SessionBytes);
            hot.SessionBytes = bytes;
        }

        return StepResult.Goes.On;
    }

    /// <summary>Nothing to write: start what waits, or give the instance up where that was asked for.</summary>
    async Task<StepResult> RestAsync()
    {
        _closed.ForEach(static a => a.Settle()); // they ended without anything to write
        hot.Places.Settle();
        if (hot.Draining)
        {
            // Attempts that have begun end by themselves; each ending is another step.
            return hot.InFlight.Count == 0
                ? await ReleaseAsync(HasMoreToDo() || _moreInbox ? _now : hot.State.NextTimer())
                : StepResult.Goes.On;
        }

        if ((_evict || CameByACrash()) && hot.InFlight.Count == 0 && hot.Offered.Count == 0 && !HasMoreToDo())
        {
            return await ReleaseAsync(hot.State.NextTimer());
        }

        new Starter(node, actor, hot).StartOpen();
        return StepResult.Goes.On;
    }

    /// <summary>
    /// Its last owner did not give it up, and nothing has been written since. An instance that only waits is then given
    /// back, so that claims without progress do not add up against it: it is not what ends the processes.
    /// </summary>
    bool CameByACrash() => hot.Record.ClaimsWithoutProgress > 1 && hot.State.NextSequence == hot.Record.NextSequence;

    /// <summary>An open task could begin at once: whoever lets the instance go must see to it that somebody takes it.</summary>
    bool HasMoreToDo() => !hot.State.Suspended && hot.State.Tasks.Count > hot.InDoubt.Count;

    Task<StepResult> ReleaseAsync(DateTimeOffset? wake) => Release.WriteAsync(node, hot, wake, _now);
}
