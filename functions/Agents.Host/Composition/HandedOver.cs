using System.Collections.Concurrent;
using Agents.Contracts.History;
using Agents.Contracts.Work;
using Agents.Loop;
using Agents.Worker;

namespace Agents.Host.Composition;

/// <summary>
/// Activities of runs whose work is done by connected workers of ours, but for one kind: a tool that is itself an activity of
/// a worker in another language is called from here, where that worker is connected.
/// </summary>
sealed class HandedOver(IActivityHost elsewhere, AgentWorker here) : IActivityHost
{
    const int KnownMax = 10_000;

    /// <summary>Executions whose run has such tools, or has none.</summary>
    readonly ConcurrentDictionary<(string, string), bool> _known = new();

    public bool CanRun(string name, string? version) => here.Activities.CanRun(name, version);

    public async Task<ActivityOutcome> RunAsync(ActivityWorkItem item, IActivityContext context, CancellationToken cancel) =>
        item.Name == AgentRun.RunTool && await HasThemAsync(item, context, cancel)
            && await here.ToolOfAsync(item, context.History, cancel) is { Activity: not null }
            ? await here.Activities.RunAsync(item, context, cancel)
            : await elsewhere.RunAsync(item, context, cancel);

    async Task<bool> HasThemAsync(ActivityWorkItem item, IActivityContext context, CancellationToken cancel)
    {
        var key = (item.InstanceId.Value, item.ExecutionId.Value);
        if (_known.TryGetValue(key, out var has))
        {
            return has;
        }

        var beginning = await context.History.ReadAsync(item.InstanceId, item.Generation, 0, 2, cancel);
        var start = beginning.Select(e => e.Event).OfType<ExecutionStarted>().Single();
        has = AgentRun.ReadInput(start.Input).Tools.Any(t => t.Activity is not null);
        if (_known.Count >= KnownMax)
        {
            _known.Clear();
        }

        return _known[key] = has;
    }
}
