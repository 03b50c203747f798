using Agents.Contracts.Actions;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Engine.History;
using Agents.Engine.Store;
using Agents.Engine.Work;

namespace Agents.Engine.Instances;

/// <summary>The turn of a step: here on the hot continuation, or with a connected worker.</summary>
internal sealed partial class Step
{
    /// <summary>Runs the orchestrator on what was taken in; returns why the instance must be set aside, or null.</summary>
    string? Turn(out TurnDecision? decision)
    {
        decision = null;
        if (Incoming(out var events, out var start) is { } full)
        {
            return full;
        }

        var actions = new TurnCode(node, hot).Run(events, start is not null, out var customStatus, out var divergence);
        if (divergence is not null)
        {
            return $"AG2001: the code and the history part ways at {divergence}";
        }

        decision = Decide(events, start, actions, customStatus);
        return null;
    }

    /// <summary>The same with code that connected workers hold: either what was decided, or how the step ends without it.</summary>
    async Task<(TurnDecision? Decision, StepResult? Ends)> AskWorkersAsync()
    {
        if (Incoming(out var events, out var start) is { } full)
        {
            return (null, new StepResult.Parks(full));
        }

        if (new TurnCode(node, hot).ServerSide(events, start is not null) is { } completion)
        {
            return (Decide(events, start, [completion], null), null);
        }

        if (hot.Draining)
        {
            var kept = await KeepOutcomesAsync();
            return (null, kept is StepResult.Goes && hot.InFlight.Count == 0 ? await ReleaseAsync(_now) : kept);
        }

        if (hot.Past is not null && !_intake.Suspended)
        {
            new Starter(node, actor, hot).StartOpen(_intake.Resolves); // just loaded: the turn may be out for long
        }

        hot.Places.GiveBackEnded(_intake.Resolves);
        _remote = new RemoteTurn(node, actor, hot);
        if (await _remote.AskAsync(events) is not { } turn)
        {
            return (null, await KeepOutcomesAsync()); // what took it back waits in the mail; the inbox still has its rows
        }

        if (turn.Divergence is { } divergence)
        {
            _remote.Refused();
            return (null, new StepResult.Parks($"AG2001: the code and the history part ways at {divergence}"));
        }

        _now = node.Clock.GetUtcNow();
        _effects?.TurnIsBack(_now);
        if (turn.Span is { } span && events[0] is OrchestratorStarted begun)
        {
            events[0] = begun with { Span = span };
        }

        var decision = Decide(events, start, NotTakenYet(turn.Actions), turn.CustomStatus);
        if (decision.Next is not null)
        {
            decision.CustomStatus = ""; // what the last generation said of itself is not true of the next
        }

        return (decision, null);
    }

    /// <summary>
    /// A turn is not to be had now. What attempts of this owner came to is kept all the same, results as rows of the
    /// instance's own inbox; the next turn takes them in.
    /// </summary>
    async Task<StepResult> KeepOutcomesAsync()
    {
        var deltas = Flush();
        if (_intake.Outcomes.Count + _intake.ResolutionRows.Count + Effects.Writes.Count + deltas.Count == 0)
        {
            _closed.ForEach(static a => a.Settle());
            return StepResult.Goes.On;
        }

        var outcome = await node.Committer.SubmitAsync(new InstanceCommit
        {
            InstanceKey = hot.Record.Key,
            ExecutionKey = hot.Record.Execution.Key,
            OwnerEpoch = hot.Record.OwnerEpoch,
            ExpectedSequence = hot.State.NextSequence,
            CommitId = node.NewCommitId(),
            Now = _now,
            InDoubt = Effects.Writes.Count == 0 ? null : hot.InDoubt.Count,
            ConsumedInbox = _intake.ResolutionRows,
            Sends = [.. _intake.Outcomes.Select(ToItself)],
            Ledger = Effects.Writes,
            Deltas = deltas,
        });
        if (outcome is not WriteOutcome.Committed)
        {
            return outcome is WriteOutcome.Refused refused
                ? new StepResult.Parks($"AG1002: the store refused a commit: {refused.Why}") : StepResult.Fenced.Out;
        }

        _closed.ForEach(static a => a.Settle());
        node.Live.Committed(hot.Record.InstanceId);
        actor.Post(Mail.Inbox.Hint);
        return StepResult.Goes.On;
    }

    InboxSend ToItself(HistoryEvent outcome)
    {
        var task = (outcome as TaskCompleted)?.TaskScheduledId ?? ((TaskFailed)outcome).TaskScheduledId;
        hot.Offered.Add(task);
        return new InboxSend(
            hot.Record.InstanceId,
            new InboxMessage(InboxKind.HistoryEvent, HistoryCodec.EncodeOne(outcome), hot.ExecutionId, $"{hot.ExecutionId}:{task}"), _now);
    }

    // A suspended JavaScript worker keeps back the events that tell it what history has, and asks for all of that again.
    IReadOnlyList<OrchestratorAction> NotTakenYet(IReadOnlyList<OrchestratorAction> actions) =>
        [.. actions.Where(a => a is CompleteOrchestrationAction or TerminateOrchestrationAction || a.Id > hot.State.LastActionId)];

    /// <summary>The turn's events and its execution's start; returns why the history cannot take them, or null.</summary>
    string? Incoming(out List<HistoryEvent> events, out ExecutionStarted? start)
    {
        events = _intake.Events(_intake.TurnTime(_now));
        start = hot.State.Start ?? events.OfType<ExecutionStarted>().FirstOrDefault();
        if (start is not null && events.OfType<ExecutionRewound>().LastOrDefault() is { } rewound)
        {
            start = start.Under(rewound);
        }

        if (hot.State.NextSequence + events.Count > node.Options.HistoryEventsMax)
        {
            return $"AG1004: the history holds {node.Options.HistoryEventsMax} events, the most one execution may have; "
                + "continue as new, or fork the run";
        }

        return null;
    }

    TurnDecision Decide(
        List<HistoryEvent> events, ExecutionStarted? start, IReadOnlyList<OrchestratorAction> actions, string? customStatus)
    {
        var subject = new TurnSubject(
            hot.Record.InstanceId, hot.ExecutionId, hot.Generation, hot.Record.Name, hot.Record.Version, start)
        {
            RunIdentity = hot.Seeds[^1].RunIdentity,
        };

        // Asking workers took its time, and a clock may have been set back meanwhile.
        var time = events[^1].Timestamp > _now ? events[^1].Timestamp : _now;
        var decision = new Decider(subject, node.Environment.Ids, time).Decide(events, actions, hot.State);
        decision.CustomStatus = customStatus;
        return decision;
    }

    StepResult Ended(OrchestrationStatus status)
    {
        if (hot.OffersActivities && status != OrchestrationStatus.Terminated)
        {
            new Starter(node, actor, hot).StartOpen(ended: true); // asked for beside the end, and waited for by nobody
        }

        return StepResult.Over.Done;
    }

    void Tell(TurnDecision decision)
    {
        if (hot.IsRemote)
        {
            TellWorkers(decision);
        }

        foreach (var id in decision.Wakes)
        {
            node.Wake(id);
        }

        foreach (var id in decision.Ends)
        {
            node.WakeUrgently(id);
        }
    }

    void TellWorkers(TurnDecision decision)
    {
        foreach (var e in decision.Events)
        {
            switch (e)
            {
                case TaskCompleted done:
                    hot.Offered.Remove(done.TaskScheduledId);
                    break;
                case TaskFailed failed:
                    hot.Offered.Remove(failed.TaskScheduledId);
                    break;
                case ExecutionSuspended:
                    hot.Offered.ExceptWith(node.Remote!.Withdraw(
                        new InstanceId(hot.Record.InstanceId), new ExecutionId(hot.ExecutionId), over: false));
                    break;
                default:
                    break;
            }
        }

        RemoteTurn.Committed(hot, _remote, decision.Events);
    }
}
