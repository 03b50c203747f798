namespace Agents.Contracts.Instances;

/// <summary>Status of an instance; names and numbers are those of the Durable Task protocol.</summary>
public enum OrchestrationStatus
{
    Running = 0,
    Completed = 1,
    ContinuedAsNew = 2,
    Failed = 3,
    Canceled = 4,
    Terminated = 5,
    Pending = 6,
    Suspended = 7,
}

public static class OrchestrationStatusRules
{
    public static bool IsTerminal(this OrchestrationStatus status) => status is
        OrchestrationStatus.Completed or OrchestrationStatus.Failed or
        OrchestrationStatus.Canceled or OrchestrationStatus.Terminated;
}
