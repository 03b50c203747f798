using Agents.Contracts.Runs;
using Agents.Tools.Effects;

namespace Agents.Tools.Worklist;

/// <summary>Takes the next item of the run's worklist, first come first served.</summary>
sealed class WorklistNextTool(ToolSpec spec, ToolEnvironment environment, Worklists worklists) : ITool
{
    public ToolSpec Spec { get; } = spec;

    public async Task<ToolOutcome> InvokeAsync(ToolInvocation call, CancellationToken cancel)
    {
        await environment.SightAsync(EffectPoint.BeforeEffect, call, cancel);
        var answer = await worklists.NextAsync(call, cancel);
        await environment.SightAsync(EffectPoint.AfterEffect, call, CancellationToken.None);
        return new ToolOutcome.Answer(answer);
    }
}
