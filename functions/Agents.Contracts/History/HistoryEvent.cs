using System.Text.Json.Serialization;
using Agents.Contracts.Effects;
using Agents.Contracts.Instances;

namespace Agents.Contracts.History;

/// <summary>
/// One item of an execution's history. Names and meaning are the Durable Task protocol's, letter for letter.
/// <see cref="EventId"/> echoes the action's id for events that an action caused; it is -1 for all others, and results
/// point back by TaskScheduledId or TimerId. The position of an event in its execution (its sequence) is not part of it.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(OrchestratorStarted), nameof(OrchestratorStarted))]
[JsonDerivedType(typeof(ExecutionStarted), nameof(ExecutionStarted))]
[JsonDerivedType(typeof(ExecutionCompleted), nameof(ExecutionCompleted))]
[JsonDerivedType(typeof(ExecutionTerminated), nameof(ExecutionTerminated))]
[JsonDerivedType(typeof(TaskScheduled), nameof(TaskScheduled))]
[JsonDerivedType(typeof(TaskCompleted), nameof(TaskCompleted))]
[JsonDerivedType(typeof(TaskFailed), nameof(TaskFailed))]
[JsonDerivedType(typeof(SubOrchestrationInstanceCreated), nameof(SubOrchestrationInstanceCreated))]
[JsonDerivedType(typeof(SubOrchestrationInstanceCompleted), nameof(SubOrchestrationInstanceCompleted))]
[JsonDerivedType(typeof(SubOrchestrationInstanceFailed), nameof(SubOrchestrationInstanceFailed))]
[JsonDerivedType(typeof(TimerCreated), nameof(TimerCreated))]
[JsonDerivedType(typeof(TimerFired), nameof(TimerFired))]
[JsonDerivedType(typeof(EventSent), nameof(EventSent))]
[JsonDerivedType(typeof(EventRaised), nameof(EventRaised))]
[JsonDerivedType(typeof(ExecutionSuspended), nameof(ExecutionSuspended))]
[JsonDerivedType(typeof(ExecutionResumed), nameof(ExecutionResumed))]
[JsonDerivedType(typeof(ExecutionRewound), nameof(ExecutionRewound))]
[JsonDerivedType(typeof(UnknownHistoryEvent), nameof(UnknownHistoryEvent))]
public abstract record HistoryEvent
{
    public int EventId { get; init; } = -1;

    public DateTimeOffset Timestamp { get; init; }
}

public sealed record OrchestratorStarted : HistoryEvent
{
    /// <summary>Extra: the span that the worker named in this turn; null where it named none, or the same as before.</summary>
    public OrchestrationSpan? Span { get; init; }
}

/// <summary>First event of each execution. <see cref="Generation"/> counts executions of the instance from 0.</summary>
public sealed record ExecutionStarted : HistoryEvent
{
    public required string Name { get; init; }
    public string? Version { get; init; }
    public string? Input { get; init; }
    public required string InstanceId { get; init; }
    public required string ExecutionId { get; init; }
    public ParentInstance? Parent { get; init; }
    public DateTimeOffset? ScheduledStart { get; init; }
    public TraceLink? Trace { get; init; }
    public IReadOnlyDictionary<string, string>? Tags { get; init; }

    /// <summary>Extra: which generation of the instance this is, from 0.</summary>
    public int Generation { get; init; }

    /// <summary>Extra: seed of NewGuid and default child ids; null means the execution id.</summary>
    public string? IdentitySeed { get; init; }

    /// <summary>The start as it counts after a rewind: its parent may go on as another execution.</summary>
    public ExecutionStarted Under(ExecutionRewound rewound) => Parent is { } parent && rewound.ParentExecutionId is { } execution
        ? this with { Parent = parent with { ExecutionId = execution } }
        : this;
}

public sealed record ExecutionCompleted : HistoryEvent
{
    public required OrchestrationStatus Status { get; init; }
    public string? Result { get; init; }
    public FailureDetails? Failure { get; init; }
}

public sealed record ExecutionTerminated : HistoryEvent
{
    public string? Input { get; init; }
    public bool Recurse { get; init; }
}

public sealed record TaskScheduled : HistoryEvent
{
    public required string Name { get; init; }
    public string? Version { get; init; }
    public string? Input { get; init; }
    public IReadOnlyDictionary<string, string>? Tags { get; init; }

    public TraceLink? Trace { get; init; }

    /// <summary>Extra: what a second execution of this activity would do to the world.</summary>
    public EffectIntent? Effect { get; init; }
}

public sealed record TaskCompleted : HistoryEvent
{
    public required int TaskScheduledId { get; init; }
    public string? Result { get; init; }
}

public sealed record TaskFailed : HistoryEvent
{
    public required int TaskScheduledId { get; init; }
    public required FailureDetails Failure { get; init; }
}

public sealed record SubOrchestrationInstanceCreated : HistoryEvent
{
    public required string InstanceId { get; init; }
    public required string Name { get; init; }
    public string? Version { get; init; }
    public string? Input { get; init; }
    public IReadOnlyDictionary<string, string>? Tags { get; init; }
    public TraceLink? Trace { get; init; }
}

public sealed record SubOrchestrationInstanceCompleted : HistoryEvent
{
    public required int TaskScheduledId { get; init; }
    public string? Result { get; init; }
}

public sealed record SubOrchestrationInstanceFailed : HistoryEvent
{
    public required int TaskScheduledId { get; init; }
    public required FailureDetails Failure { get; init; }
}

public sealed record TimerCreated : HistoryEvent
{
    public required DateTimeOffset FireAt { get; init; }
}

public sealed record TimerFired : HistoryEvent
{
    public required int TimerId { get; init; }
    public required DateTimeOffset FireAt { get; init; }
}

public sealed record EventSent : HistoryEvent
{
    public required string InstanceId { get; init; }
    public required string Name { get; init; }
    public string? Input { get; init; }
}

public sealed record EventRaised : HistoryEvent
{
    public required string Name { get; init; }
    public string? Input { get; init; }
}

public sealed record ExecutionSuspended : HistoryEvent
{
    public string? Reason { get; init; }
}

public sealed record ExecutionResumed : HistoryEvent
{
    public string? Reason { get; init; }
}

public sealed record ExecutionRewound : HistoryEvent
{
    public string? Reason { get; init; }
    public string? ParentExecutionId { get; init; }
}

/// <summary>An event type this build does not know: kept byte for byte, ignored by replay.</summary>
public sealed record UnknownHistoryEvent : HistoryEvent
{
    public required ReadOnlyMemory<byte> Raw { get; init; }
}
