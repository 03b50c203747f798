using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Contracts.Instances;

namespace Agents.Contracts.Actions;

/// <summary>What an orchestrator asks the engine to do. Ids are unique within an execution and rise in call order.</summary>
public abstract record OrchestratorAction
{
    public required int Id { get; init; }
}

public sealed record ScheduleTaskAction : OrchestratorAction
{
    public required string Name { get; init; }
    public string? Version { get; init; }
    public string? Input { get; init; }
    public IReadOnlyDictionary<string, string>? Tags { get; init; }

    public TraceLink? Trace { get; init; }

    /// <summary>Null for an activity that is safe to repeat and needs no ledger entry.</summary>
    public EffectIntent? Effect { get; init; }
}

public sealed record CreateTimerAction : OrchestratorAction
{
    public required DateTimeOffset FireAt { get; init; }
}

public sealed record CreateSubOrchestrationAction : OrchestratorAction
{
    public required string InstanceId { get; init; }
    public required string Name { get; init; }
    public string? Version { get; init; }
    public string? Input { get; init; }
    public IReadOnlyDictionary<string, string>? Tags { get; init; }
    public TraceLink? Trace { get; init; }
}

public sealed record SendEventAction : OrchestratorAction
{
    public required string InstanceId { get; init; }
    public required string Name { get; init; }
    public string? Input { get; init; }
}

public sealed record TerminateOrchestrationAction : OrchestratorAction
{
    public required string InstanceId { get; init; }
    public string? Reason { get; init; }
    public bool Recurse { get; init; }
}

/// <summary>Ends the execution. ContinuedAsNew: <see cref="Result"/> is the input of the next generation.</summary>
public sealed record CompleteOrchestrationAction : OrchestratorAction
{
    public required OrchestrationStatus Status { get; init; }
    public string? Result { get; init; }
    public FailureDetails? Failure { get; init; }
    public string? NewVersion { get; init; }

    /// <summary>ContinuedAsNew only: events received and not yet consumed, oldest first.</summary>
    public IReadOnlyList<HistoryEvent> CarryoverEvents { get; init; } = [];
}
