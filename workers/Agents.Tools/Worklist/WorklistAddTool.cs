using Agents.Contracts.Runs;
using Agents.Tools.Effects;

namespace Agents.Tools.Worklist;

/// <summary>Puts items behind the run's worklist; an item already there (taken or not) is not added again.</summary>
sealed class WorklistAddTool(ToolSpec spec, ToolEnvironment environment, Worklists worklists) : ITool
{
    public ToolSpec Spec { get; } = spec;

    public async Task<ToolOutcome> InvokeAsync(ToolInvocation call, CancellationToken cancel)
    {
        var items = call.Arguments.GetProperty("items").EnumerateArray().Select(WorklistState.Canonical).ToArray();
        await environment.SightAsync(EffectPoint.BeforeEffect, call, cancel);
        var answer = await worklists.AddAsync(call, items, new WorklistAddition(), cancel);
        await environment.SightAsync(EffectPoint.AfterEffect, call, CancellationToken.None);
        return new ToolOutcome.Answer(answer);
    }
}
