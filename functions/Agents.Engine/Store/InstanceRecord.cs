using Agents.Contracts.Instances;

namespace Agents.Engine.Store;

/// <summary>The instance row with its current execution: all an owner needs to begin.</summary>
public sealed record InstanceRecord
{
    public required long Key { get; init; }
    public required string InstanceId { get; init; }
    public required string Name { get; init; }
    public string? Version { get; init; }
    public required OrchestrationStatus Status { get; init; }
    public required long LineageKey { get; init; }
    public required long OwnerEpoch { get; init; }

    /// <summary>Node that holds it; null when nobody does.</summary>
    public string? Owner { get; init; }
    public required long NextSequence { get; init; }
    public required long LastCommitId { get; init; }
    public int ClaimsWithoutProgress { get; init; }
    public string? Parked { get; init; }
    public string? CustomStatus { get; init; }
    public string? ParentInstanceId { get; init; }
    public required string RequestDigest { get; init; }
    public DateTimeOffset? WakeAt { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required ExecutionRecord Execution { get; init; }
}

/// <summary>An execution's immutable header.</summary>
public sealed record ExecutionRecord
{
    public required long Key { get; init; }
    public required string ExecutionId { get; init; }
    public required int Generation { get; init; }

    /// <summary>History before the cut is the parent's; null where the execution began empty.</summary>
    public ExecutionCut? Cut { get; init; }

    /// <summary>Opaque text for the store; the execution id where none was given.</summary>
    public required string IdentitySeed { get; init; }
}
