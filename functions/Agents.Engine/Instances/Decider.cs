using Agents.Contracts.Actions;
using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Engine.History;
using Agents.Engine.Store;

namespace Agents.Engine.Instances;

/// <summary>Turns what the orchestrator asked for into events and writes. Pure but for ids, which come by constructor.</summary>
internal sealed class Decider(TurnSubject subject, IIdSource ids, DateTimeOffset now)
{
    public TurnDecision Decide(List<HistoryEvent> fresh, IReadOnlyList<OrchestratorAction> actions, InstanceState state)
    {
        var decision = new TurnDecision { Events = fresh };
        var terminated = fresh.OfType<ExecutionTerminated>().FirstOrDefault();
        var completion = actions.OfType<CompleteOrchestrationAction>().FirstOrDefault();
        var continuing = completion is { Status: OrchestrationStatus.ContinuedAsNew };
        foreach (var action in actions)
        {
            // Beside a continue-as-new only what leaves the instance is kept; its tasks and timers belong to nobody.
            if (!continuing || action is SendEventAction or TerminateOrchestrationAction)
            {
                Take(action, decision);
            }
        }

        if (continuing)
        {
            Continue(completion!, IsSuspendedAfter(fresh, state), decision);
        }
        else if (completion is not null)
        {
            Complete(completion, decision);
        }

        if (terminated is { Recurse: true })
        {
            foreach (var child in state.Children.OrderBy(c => c.Key))
            {
                Send(child.Value, new ExecutionTerminated { Input = terminated.Input, Recurse = true }, decision);
            }
        }

        return decision;
    }

    void Take(OrchestratorAction action, TurnDecision decision)
    {
        switch (action)
        {
            case ScheduleTaskAction a:
                var scheduled = new TaskScheduled
                {
                    EventId = a.Id, Timestamp = now, Name = a.Name, Version = a.Version, Input = a.Input, Tags = a.Tags,
                    Effect = a.Effect, Trace = a.Trace,
                };
                decision.Events.Add(scheduled);
                if (a.Effect is { Class: EffectClass.AtMostOnce })
                {
                    decision.Intents.Add(scheduled);
                }

                break;
            case CreateTimerAction a:
                decision.Events.Add(new TimerCreated { EventId = a.Id, Timestamp = now, FireAt = a.FireAt });
                break;
            case CreateSubOrchestrationAction a:
                StartChild(a, decision);
                break;
            case SendEventAction a:
                decision.Events.Add(new EventSent
                {
                    EventId = a.Id, Timestamp = now, InstanceId = a.InstanceId, Name = a.Name, Input = a.Input,
                });
                Send(a.InstanceId, new EventRaised { Name = a.Name, Input = a.Input }, decision);
                break;
            case TerminateOrchestrationAction a:
                Send(a.InstanceId, new ExecutionTerminated { Input = a.Reason, Recurse = a.Recurse }, decision);
                break;
            default:
                break;
        }
    }

    void StartChild(CreateSubOrchestrationAction a, TurnDecision decision)
    {
        var executionId = ids.NextGuid().ToString("N");
        var created = new SubOrchestrationInstanceCreated
        {
            EventId = a.Id, Timestamp = now, InstanceId = a.InstanceId, Name = a.Name, Version = a.Version,
            Input = a.Input, Tags = a.Tags, Trace = a.Trace,
        };
        decision.Events.Add(created);
        var parent = new ParentInstance(subject.InstanceId, subject.ExecutionId, a.Id, subject.Name, subject.Version);
        decision.Starts.Add(ChildStart(created, parent, subject.Start, executionId, now));
        decision.Wakes.Add(a.InstanceId);
        decision.Wakes.Add(subject.InstanceId);
    }

    /// <summary>The write that starts a child; where its id is taken, its parent hears of a failure instead.</summary>
    public static InstanceStart ChildStart(
        SubOrchestrationInstanceCreated a, ParentInstance parent, ExecutionStarted? parentStart, string executionId, DateTimeOffset now)
    {
        var clash = new SubOrchestrationInstanceFailed
        {
            TaskScheduledId = a.EventId,
            Failure = new FailureDetails(
                "OrchestrationAlreadyExists", $"An orchestration with the id '{a.InstanceId}' already exists."),
        };
        return new InstanceStart
        {
            InstanceId = a.InstanceId,
            ExecutionId = executionId,
            Name = a.Name,
            Version = a.Version,
            Tags = a.Tags,
            ParentInstanceId = parent.InstanceId,
            ReplaceFinishedChild = true,
            IdentitySeed = IdentityChain.Own(executionId, IdentityChain.Anew(a.InstanceId, executionId)),
            RequestDigest = RequestDigest.Of(a.Name, a.Version, a.Input),
            Now = now,
            Inbox = [Message(new ExecutionStarted
            {
                Name = a.Name, Version = a.Version, Input = a.Input, InstanceId = a.InstanceId,
                ExecutionId = executionId, Parent = parent, Tags = a.Tags, Trace = a.Trace ?? parentStart?.Trace,
            })],
            OnClash = new InboxSend(
                parent.InstanceId, Message(clash, parent.ExecutionId, $"{parent.ExecutionId}:{a.EventId}"), now),
        };
    }

    static bool IsSuspendedAfter(List<HistoryEvent> fresh, InstanceState state) =>
        fresh.LastOrDefault(e => e is ExecutionSuspended or ExecutionResumed) is { } last ? last is ExecutionSuspended : state.Suspended;

    void Continue(CompleteOrchestrationAction a, bool suspended, TurnDecision decision)
    {
        decision.Events.Add(new ExecutionCompleted
        {
            EventId = a.Id, Timestamp = now, Status = OrchestrationStatus.ContinuedAsNew, Result = a.Result,
        });
        var executionId = ids.NextGuid().ToString("N");
        var version = a.NewVersion ?? subject.Version;
        var inbox = new List<InboxMessage>
        {
            Message(new ExecutionStarted
            {
                Name = subject.Name, Version = version, Input = a.Result, InstanceId = subject.InstanceId,
                ExecutionId = executionId, Parent = subject.Start?.Parent, Tags = subject.Start?.Tags,
                Trace = subject.Start?.Trace, Generation = subject.Generation + 1,
            }),
        };

        // Bound to the new execution: that is how it knows them from newer events that wait unbound, and takes them first.
        inbox.AddRange(a.CarryoverEvents.Select(e => Message(e, executionId)));
        if (suspended)
        {
            inbox.Add(Message(new ExecutionSuspended(), executionId));
        }

        decision.Next = new NextExecution(executionId, version, inbox)
        {
            IdentitySeed = subject.RunIdentity is { } run && run != subject.InstanceId
                ? IdentityChain.Own(executionId, run)
                : null,
        };
        decision.Wakes.Add(subject.InstanceId);
    }

    void Complete(CompleteOrchestrationAction a, TurnDecision decision)
    {
        decision.Events.Add(new ExecutionCompleted
        {
            EventId = a.Id, Timestamp = now, Status = a.Status, Result = a.Result, Failure = a.Failure,
        });
        decision.Status = new StatusChange(a.Status, a.Result, a.Failure);
        if (subject.Start?.Parent is not { } parent)
        {
            return;
        }

        HistoryEvent result = a.Status == OrchestrationStatus.Completed
            ? new SubOrchestrationInstanceCompleted { TaskScheduledId = parent.TaskScheduledId, Result = a.Result }
            : new SubOrchestrationInstanceFailed
            {
                TaskScheduledId = parent.TaskScheduledId,
                Failure = a.Failure ?? new FailureDetails(
                    "OrchestrationTerminated", $"Sub-orchestration '{subject.InstanceId}' ended as {a.Status}: {a.Result}"),
            };
        decision.Sends.Add(new InboxSend(
            parent.InstanceId,
            Message(result, parent.ExecutionId, $"{parent.ExecutionId}:{parent.TaskScheduledId}"),
            now));
        decision.Wakes.Add(parent.InstanceId);
    }

    void Send(string instanceId, HistoryEvent e, TurnDecision decision)
    {
        decision.Sends.Add(new InboxSend(instanceId, Message(e), now));
        (e is ExecutionTerminated ? decision.Ends : decision.Wakes).Add(instanceId);
    }

    static InboxMessage Message(HistoryEvent e, string? executionId = null, string? dedupKey = null) =>
        new(InboxKind.HistoryEvent, HistoryCodec.EncodeOne(e), executionId, dedupKey);
}
