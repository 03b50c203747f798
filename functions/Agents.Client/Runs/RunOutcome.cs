using System.Text.Json;
using Agents.Contracts;
using Agents.Contracts.Client;
using Agents.Contracts.Instances;
using Agents.Contracts.Runs;

namespace Agents.Client.Runs;

/// <summary>Tells a run's status from its instance's and from its output. One table, used by every reader.</summary>
public static class RunOutcome
{
    public static string StatusOf(InstanceView view) => view switch
    {
        { Status: OrchestrationStatus.Completed } => StatusOf(ReadOutput(view.Output)?.StopReason),
        { Status: OrchestrationStatus.Failed } => RunStatuses.Failed,
        { Status: OrchestrationStatus.Terminated or OrchestrationStatus.Canceled } => RunStatuses.Cancelled,
        { Parked: not null } => RunStatuses.Parked,
        { InDoubt: > 0 } => RunStatuses.InDoubt,
        { Status: OrchestrationStatus.Suspended } => RunStatuses.Paused,
        { Status: OrchestrationStatus.Pending } => RunStatuses.Pending,
        _ => RunStatuses.Running,
    };

    /// <summary>Status of a run that ended by itself with this stop reason.</summary>
    public static string StatusOf(string? stopReason) => stopReason switch
    {
        StopReasons.Answer => RunStatuses.Completed,
        StopReasons.Cancelled => RunStatuses.Cancelled,
        StopReasons.StepLimit or StopReasons.ToolCallLimit or StopReasons.TokenLimit or StopReasons.CostLimit
            or StopReasons.WallTimeLimit or StopReasons.ContextOverflow or StopReasons.OutputLength
            or StopReasons.ContentFilter or StopReasons.Refusal => RunStatuses.Stopped,
        _ => RunStatuses.Failed,
    };

    /// <summary>Which instance statuses to ask the store for; the rest is filtered on what comes back.</summary>
    public static IReadOnlyList<OrchestrationStatus> InstanceStatuses(IReadOnlyList<string> statuses) =>
        [.. statuses.SelectMany(s => s switch
        {
            RunStatuses.Pending => [OrchestrationStatus.Pending],
            RunStatuses.Running => [OrchestrationStatus.Running, OrchestrationStatus.ContinuedAsNew],
            RunStatuses.Paused => [OrchestrationStatus.Suspended],
            RunStatuses.Completed or RunStatuses.Stopped => [OrchestrationStatus.Completed],
            RunStatuses.Failed => [OrchestrationStatus.Failed, OrchestrationStatus.Completed],
            RunStatuses.Cancelled =>
                [OrchestrationStatus.Terminated, OrchestrationStatus.Canceled, OrchestrationStatus.Completed],
            _ => new[]
            {
                OrchestrationStatus.Pending, OrchestrationStatus.Running, OrchestrationStatus.Suspended,
                OrchestrationStatus.ContinuedAsNew,
            },
        }).Distinct()];

    public static RunOutput? ReadOutput(string? json) => Read(json, ContractsJson.Default.RunOutput);

    public static RunInput? ReadInput(string? json) => Read(json, ContractsJson.Default.RunInput);

    static T? Read<T>(string? json, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class
    {
        if (json is null)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(json, type);
        }
        catch (JsonException)
        {
            return null; // Not one of our runs: an orchestration of another kind, shown without the run's own fields.
        }
    }
}
