using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Nouns = Agents.Contracts.History;

namespace Agents.Protocol.Mapping;

/// <summary>History events, as stored and as on the wire.</summary>
public static class HistoryWire
{
    /// <summary>
    /// The event as clients and workers read it, without our extras. A rewound or forked execution begins with events of
    /// an earlier one: <paramref name="executionId"/> is the one they read as now.
    /// </summary>
    public static HistoryEvent ToWire(Nouns.HistoryEvent e, string? executionId = null)
    {
        if (e is Nouns.UnknownHistoryEvent unknown)
        {
            return HistoryEvent.Parser.ParseFrom(unknown.Raw.Span);
        }

        var wire = new HistoryEvent { EventId = e.EventId, Timestamp = e.Timestamp.ToTimestamp() };
        switch (e)
        {
            case Nouns.OrchestratorStarted:
                wire.OrchestratorStarted = new OrchestratorStartedEvent();
                break;
            case Nouns.ExecutionStarted started:
                wire.ExecutionStarted = Started(started, executionId);
                break;
            case Nouns.ExecutionCompleted completed:
                wire.ExecutionCompleted = new ExecutionCompletedEvent
                {
                    OrchestrationStatus = (OrchestrationStatus)completed.Status, Result = completed.Result,
                    FailureDetails = FailureWire.ToWire(completed.Failure),
                };
                break;
            case Nouns.ExecutionTerminated terminated:
                wire.ExecutionTerminated = new ExecutionTerminatedEvent { Input = terminated.Input, Recurse = terminated.Recurse };
                break;
            case Nouns.ExecutionSuspended suspended:
                wire.ExecutionSuspended = new ExecutionSuspendedEvent { Input = suspended.Reason };
                break;
            case Nouns.ExecutionResumed resumed:
                wire.ExecutionResumed = new ExecutionResumedEvent { Input = resumed.Reason };
                break;
            case Nouns.ExecutionRewound rewound:
                wire.ExecutionRewound = new ExecutionRewoundEvent
                {
                    Reason = rewound.Reason, ParentExecutionId = rewound.ParentExecutionId,
                };
                break;
            default:
                Task(e, wire);
                break;
        }

        return wire;
    }

    /// <summary>The event as workers of ours read it: as stored, our extras included.</summary>
    public static HistoryEvent ToOwnWire(Nouns.HistoryEvent e)
    {
        var wire = ToWire(e);
        if (e is Nouns.TaskScheduled scheduled)
        {
            wire.TaskScheduled.Effect = EffectWire.ToWire(scheduled.Effect);
        }
        else if (e is Nouns.ExecutionStarted started)
        {
            wire.ExecutionStarted.Generation = started.Generation;
            wire.ExecutionStarted.IdentitySeed = started.IdentitySeed;
        }

        return wire;
    }

    static void Task(Nouns.HistoryEvent e, HistoryEvent wire)
    {
        switch (e)
        {
            case Nouns.TaskScheduled scheduled:
                wire.TaskScheduled = new TaskScheduledEvent
                {
                    Name = scheduled.Name, Version = scheduled.Version, Input = scheduled.Input,
                    ParentTraceContext = TraceWire.ToWire(scheduled.Trace),
                };
                TagsWire.Add(scheduled.Tags, wire.TaskScheduled.Tags);
                break;
            case Nouns.TaskCompleted done:
                wire.TaskCompleted = new TaskCompletedEvent { TaskScheduledId = done.TaskScheduledId, Result = done.Result };
                break;
            case Nouns.TaskFailed failed:
                wire.TaskFailed = new TaskFailedEvent
                {
                    TaskScheduledId = failed.TaskScheduledId, FailureDetails = FailureWire.ToWire(failed.Failure),
                };
                break;
            case Nouns.SubOrchestrationInstanceCreated created:
                wire.SubOrchestrationInstanceCreated = new SubOrchestrationInstanceCreatedEvent
                {
                    InstanceId = created.InstanceId, Name = created.Name, Version = created.Version, Input = created.Input,
                    ParentTraceContext = TraceWire.ToWire(created.Trace),
                };
                TagsWire.Add(created.Tags, wire.SubOrchestrationInstanceCreated.Tags);
                break;
            case Nouns.SubOrchestrationInstanceCompleted done:
                wire.SubOrchestrationInstanceCompleted = new SubOrchestrationInstanceCompletedEvent
                {
                    TaskScheduledId = done.TaskScheduledId, Result = done.Result,
                };
                break;
            case Nouns.SubOrchestrationInstanceFailed failed:
                wire.SubOrchestrationInstanceFailed = new SubOrchestrationInstanceFailedEvent
                {
                    TaskScheduledId = failed.TaskScheduledId, FailureDetails = FailureWire.ToWire(failed.Failure),
                };
                break;
            default:
                TimerOrEvent(e, wire);
                break;
        }
    }

    static void TimerOrEvent(Nouns.HistoryEvent e, HistoryEvent wire)
    {
        switch (e)
        {
            case Nouns.TimerCreated created:
                wire.TimerCreated = new TimerCreatedEvent { FireAt = created.FireAt.ToTimestamp() };
                break;
            case Nouns.TimerFired fired:
                wire.TimerFired = new TimerFiredEvent { TimerId = fired.TimerId, FireAt = fired.FireAt.ToTimestamp() };
                break;
            case Nouns.EventSent sent:
                wire.EventSent = new EventSentEvent { InstanceId = sent.InstanceId, Name = sent.Name, Input = sent.Input };
                break;
            case Nouns.EventRaised raised:
                wire.EventRaised = new EventRaisedEvent { Name = raised.Name, Input = raised.Input };
                break;
            default:
                throw new NotSupportedException($"history event {e.GetType().Name} is not in the protocol");
        }
    }

    static ExecutionStartedEvent Started(Nouns.ExecutionStarted e, string? executionId)
    {
        var wire = new ExecutionStartedEvent
        {
            Name = e.Name, Version = e.Version, Input = e.Input,
            OrchestrationInstance = new OrchestrationInstance { InstanceId = e.InstanceId, ExecutionId = executionId ?? e.ExecutionId },
            ScheduledStartTimestamp = e.ScheduledStart?.ToTimestamp(),
            ParentTraceContext = TraceWire.ToWire(e.Trace),
        };
        TagsWire.Add(e.Tags, wire.Tags);
        if (e.Parent is { } parent)
        {
            wire.ParentInstance = new ParentInstanceInfo
            {
                TaskScheduledId = parent.TaskScheduledId, Name = parent.Name, Version = parent.Version,
                OrchestrationInstance = new OrchestrationInstance { InstanceId = parent.InstanceId, ExecutionId = parent.ExecutionId },
            };
        }

        return wire;
    }

    /// <summary>
    /// An event that a worker carries over into the next generation: only raised events can be. Throws
    /// <see cref="WireException"/> for any other.
    /// </summary>
    public static Nouns.EventRaised Carried(HistoryEvent wire) => wire.EventTypeCase == HistoryEvent.EventTypeOneofCase.EventRaised
        ? new Nouns.EventRaised
        {
            Timestamp = wire.Timestamp?.ToDateTimeOffset() ?? default,
            Name = wire.EventRaised.Name,
            Input = wire.EventRaised.Input,
        }
        : throw new WireException($"carryoverEvents holds {wire.EventTypeCase}; only EventRaised can be carried over");

    /// <summary>About how many bytes of memory an event holds.</summary>
    public static int SizeOf(HistoryEvent wire) => wire.CalculateSize();
}
