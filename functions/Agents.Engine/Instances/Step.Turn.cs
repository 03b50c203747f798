using Agents.Contracts.Actions;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;

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
            return (null, await ReleaseAsync(_now));
        }

        if (hot.Past is not null && !_intake.Suspended)
        {
            new Starter(node, actor, hot).StartOpen(_intake.Resolves); // just loaded: the turn may be out for long
        }

        _remote = new RemoteTurn(node, actor, hot);
        if (await _remote.AskAsync(events) is not { } turn)
        {
            return (null, StepResult.Goes.On); // what took it back waits in the mail; the inbox still has its rows
        }

        _now = node.Clock.GetUtcNow();
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
        if (hot.IsRemote && status != OrchestrationStatus.Terminated)
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
