namespace Agents.Replay.Session;

/// <summary>Texts of the faults that replay reports; each code has its page under docs/errors.</summary>
internal static class Rules
{
    /// <summary>Error type of an orchestration that failed because its code broke the rules of replay.</summary>
    public const string RuleBroken = "OrchestratorRuleBroken";

    public static string LeftThread(string what) =>
        $"AG2002: the orchestrator {what}. Orchestrator code may only await tasks made by its OrchestrationContext "
        + "and never leaves its thread: move I/O and waiting into an activity, a durable timer or an external event.";

    public const string AwaitedForeignTask =
        "waits, but for nothing that its context made: no activity, timer, child or external event is open";

    public static string NoStart(string instance) =>
        $"AG2003: the history of instance '{instance}' has no ExecutionStarted event: it is incomplete and nothing was run. "
        + "Read the whole history again; if it still lacks its first event, the store is damaged.";

    public static string OtherVersion(string name, string? version) =>
        $"AG2004: orchestrator '{name}' version '{version}' is not served here: leave the instance for another worker.";
}
