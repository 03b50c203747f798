using Agents.Contracts.History;
using Instances = Agents.Contracts.Instances;

namespace Agents.Protocol.Mapping;

/// <summary>History events as a client or worker of ours reads them. What this build does not know comes back as its bytes.</summary>
public static class HistoryFromWire
{
    public static Contracts.History.HistoryEvent Read(HistoryEvent wire)
    {
        var found = Execution(wire) ?? Task(wire) ?? Other(wire) ?? new UnknownHistoryEvent { Raw = Google.Protobuf.MessageExtensions.ToByteArray(wire) };
        return found with { EventId = wire.EventId, Timestamp = wire.Timestamp?.ToDateTimeOffset() ?? default };
    }

    static Contracts.History.HistoryEvent? Execution(HistoryEvent wire) => wire.EventTypeCase switch
    {
        HistoryEvent.EventTypeOneofCase.OrchestratorStarted => new OrchestratorStarted(),
        HistoryEvent.EventTypeOneofCase.ExecutionStarted => Started(wire.ExecutionStarted),
        HistoryEvent.EventTypeOneofCase.ExecutionCompleted => new ExecutionCompleted
        {
            Status = (Instances.OrchestrationStatus)wire.ExecutionCompleted.OrchestrationStatus,
            Result = wire.ExecutionCompleted.Result, Failure = FailureWire.FromWire(wire.ExecutionCompleted.FailureDetails),
        },
        HistoryEvent.EventTypeOneofCase.ExecutionTerminated => new ExecutionTerminated
        {
            Input = wire.ExecutionTerminated.Input, Recurse = wire.ExecutionTerminated.Recurse,
        },
        HistoryEvent.EventTypeOneofCase.ExecutionSuspended => new ExecutionSuspended { Reason = wire.ExecutionSuspended.Input },
        HistoryEvent.EventTypeOneofCase.ExecutionResumed => new ExecutionResumed { Reason = wire.ExecutionResumed.Input },
        HistoryEvent.EventTypeOneofCase.ExecutionRewound => new ExecutionRewound
        {
            Reason = wire.ExecutionRewound.Reason, ParentExecutionId = wire.ExecutionRewound.ParentExecutionId,
        },
        _ => null,
    };

    static ExecutionStarted Started(ExecutionStartedEvent e) => new()
    {
        Name = e.Name, Version = e.Version, Input = e.Input, InstanceId = e.OrchestrationInstance?.InstanceId ?? "",
        ExecutionId = e.OrchestrationInstance?.ExecutionId ?? "", ScheduledStart = e.ScheduledStartTimestamp?.ToDateTimeOffset(),
        Trace = TraceWire.FromWire(e.ParentTraceContext), Tags = TagsWire.From(e.Tags),
        Generation = e.Generation, IdentitySeed = e.IdentitySeed,
        Parent = e.ParentInstance is { } parent
            ? new Instances.ParentInstance(
                parent.OrchestrationInstance?.InstanceId ?? "", parent.OrchestrationInstance?.ExecutionId ?? "",
                parent.TaskScheduledId, parent.Name, parent.Version)
            : null,
    };

    static Contracts.History.HistoryEvent? Task(HistoryEvent wire) => wire.EventTypeCase switch
    {
        HistoryEvent.EventTypeOneofCase.TaskScheduled => new TaskScheduled
        {
            Name = wire.TaskScheduled.Name, Version = wire.TaskScheduled.Version, Input = wire.TaskScheduled.Input,
            Tags = TagsWire.From(wire.TaskScheduled.Tags), Trace = TraceWire.FromWire(wire.TaskScheduled.ParentTraceContext),
            Effect = EffectWire.FromWire(wire.TaskScheduled.Effect),
        },
        HistoryEvent.EventTypeOneofCase.TaskCompleted => new TaskCompleted
        {
            TaskScheduledId = wire.TaskCompleted.TaskScheduledId, Result = wire.TaskCompleted.Result,
        },
        HistoryEvent.EventTypeOneofCase.TaskFailed => new TaskFailed
        {
            TaskScheduledId = wire.TaskFailed.TaskScheduledId, Failure = Failure(wire.TaskFailed.FailureDetails),
        },
        HistoryEvent.EventTypeOneofCase.SubOrchestrationInstanceCreated => new SubOrchestrationInstanceCreated
        {
            InstanceId = wire.SubOrchestrationInstanceCreated.InstanceId, Name = wire.SubOrchestrationInstanceCreated.Name,
            Version = wire.SubOrchestrationInstanceCreated.Version, Input = wire.SubOrchestrationInstanceCreated.Input,
            Tags = TagsWire.From(wire.SubOrchestrationInstanceCreated.Tags),
            Trace = TraceWire.FromWire(wire.SubOrchestrationInstanceCreated.ParentTraceContext),
        },
        HistoryEvent.EventTypeOneofCase.SubOrchestrationInstanceCompleted => new SubOrchestrationInstanceCompleted
        {
            TaskScheduledId = wire.SubOrchestrationInstanceCompleted.TaskScheduledId, Result = wire.SubOrchestrationInstanceCompleted.Result,
        },
        HistoryEvent.EventTypeOneofCase.SubOrchestrationInstanceFailed => new SubOrchestrationInstanceFailed
        {
            TaskScheduledId = wire.SubOrchestrationInstanceFailed.TaskScheduledId,
            Failure = Failure(wire.SubOrchestrationInstanceFailed.FailureDetails),
        },
        _ => null,
    };

    static Instances.FailureDetails Failure(TaskFailureDetails? wire) =>
        FailureWire.FromWire(wire) ?? new Instances.FailureDetails("", "failed without details");

    static Contracts.History.HistoryEvent? Other(HistoryEvent wire) => wire.EventTypeCase switch
    {
        HistoryEvent.EventTypeOneofCase.TimerCreated => new TimerCreated { FireAt = wire.TimerCreated.FireAt?.ToDateTimeOffset() ?? default },
        HistoryEvent.EventTypeOneofCase.TimerFired => new TimerFired
        {
            TimerId = wire.TimerFired.TimerId, FireAt = wire.TimerFired.FireAt?.ToDateTimeOffset() ?? default,
        },
        HistoryEvent.EventTypeOneofCase.EventSent => new EventSent
        {
            InstanceId = wire.EventSent.InstanceId, Name = wire.EventSent.Name, Input = wire.EventSent.Input,
        },
        HistoryEvent.EventTypeOneofCase.EventRaised => new EventRaised { Name = wire.EventRaised.Name, Input = wire.EventRaised.Input },
        _ => null,
    };
}
