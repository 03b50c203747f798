using Agents.Contracts.Work;

namespace Agents.Worker.Activities;

/// <summary>Activity code in full: work item and context in, outcome out.</summary>
public delegate Task<ActivityOutcome> ActivityCode(ActivityWorkItem item, IActivityContext context, CancellationToken cancel);

/// <summary>One registered activity; version null serves every version.</summary>
public sealed record ActivityRegistration(string Name, string? Version, ActivityCode Code)
{
    /// <summary>An activity that turns an input into a result; what it throws is a failure that may be retried.</summary>
    public static ActivityRegistration Of(string name, Func<string?, CancellationToken, Task<string?>> code) =>
        new(name, null, async (item, _, cancel) => new ActivityOutcome.Completed(await code(item.Input, cancel)));
}
