using Agents.Client.Runs;
using Agents.Contracts.Instances;
using Agents.Engine.Retention;
using Agents.Host.Terminal;

namespace Agents.Host.Verbs;

/// <summary>One ended run whose time is over. Kept says why it stays; without it, it goes or has gone.</summary>
sealed record RetentionLine(
    string Run, string Status, DateTimeOffset EndedAt, int Instances, string? Kept, IReadOnlyList<string>? HistoryFor);

sealed record RetentionAnswer(bool Removed, int Instances, bool More, IReadOnlyList<RetentionLine> Runs);

/// <summary>agents retention: says which ended runs' time is over, and removes them when told to.</summary>
sealed record RetentionVerb(RetentionPolicy Policy, bool Remove, int RunsMax)
{
    public async Task<int> RunAsync(VerbContext context)
    {
        if (!Policy.Removes)
        {
            throw new RunFaultException(
                Faults.Usage, "nothing says what may go", "agents retention", "give --keep-completed, --keep-failed or --keep-cancelled");
        }

        await using var door = await context.OpenAsync();
        if (door.Node is not { } node)
        {
            throw new RunFaultException(
                Faults.CommandRefused, "another process hosts this data directory, and only that one removes runs by age", door.Place,
                "start that one with --keep-completed, --keep-failed or --keep-cancelled, or stop it first");
        }

        var report = await node.Engine.RetainAsync(Policy, Remove, RunsMax, context.Stop);
        if (context.Json)
        {
            context.PrintJson(Answer(report), HostJson.Plain.RetentionAnswer);
        }
        else
        {
            Print(context, report);
        }

        return ExitCodes.Ok;
    }

    RetentionAnswer Answer(RetentionReport report) => new(
        Remove, report.Instances, report.More,
        [.. report.Items.Select(i => new RetentionLine(
            i.InstanceId, Status(i.Status), i.EndedAt, i.Instances, i.Kept, i.HistoryFor.Count == 0 ? null : i.HistoryFor))]);

    void Print(VerbContext context, RetentionReport report)
    {
        foreach (var item in report.Items)
        {
            var children = item.Instances > 1 ? $" with {Figures.Count(item.Instances - 1)} children" : "";
            var said = item.Kept is { } why ? $"stays: {why}" : Remove ? "removed" : "would go";
            context.Out.WriteLine($"{item.InstanceId}  {Status(item.Status)} {item.EndedAt:u}{children}  {said}");
            if (item.HistoryFor.Count > 0)
            {
                context.Out.WriteLine($"  its history stays as long as these forks do: {string.Join(", ", item.HistoryFor)}");
            }
        }

        var more = report.More ? $"; there are more than these {Figures.Count(report.Items.Count)}, see --count" : "";
        context.Out.WriteLine(Remove
            ? $"{Figures.Count(report.Instances)} removed{more}"
            : $"{Figures.Count(report.Instances)} would go{more}; --remove removes them");
    }

    static string Status(OrchestrationStatus status) => status switch
    {
        OrchestrationStatus.Completed => RunStatuses.Completed,
        OrchestrationStatus.Failed => RunStatuses.Failed,
        _ => RunStatuses.Cancelled,
    };
}
