namespace Agents.Contracts.Instances;

/// <summary>Who started a sub-orchestration, and as which of its tasks.</summary>
public sealed record ParentInstance(
    string InstanceId,
    string ExecutionId,
    int TaskScheduledId,
    string? Name = null,
    string? Version = null);
