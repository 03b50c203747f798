using Agents.Contracts.Effects;
using Agents.Contracts.Runs;

namespace Agents.Tools.Effects;

/// <summary>A tool of foreign code whose effect is seen from outside only: before it begins and after it is over.</summary>
sealed class ObservedTool(ITool inner, ToolEnvironment environment) : ITool
{
    public ToolSpec Spec => inner.Spec;

    public async Task<ToolOutcome> InvokeAsync(ToolInvocation call, CancellationToken cancel)
    {
        if (call.Spec.Effect == EffectClass.ReadOnly)
        {
            return await inner.InvokeAsync(call, cancel);
        }

        await environment.SightAsync(EffectPoint.BeforeEffect, call, cancel);
        var outcome = await inner.InvokeAsync(call, cancel);
        await environment.SightAsync(EffectPoint.AfterEffect, call, cancel);
        return outcome;
    }
}
