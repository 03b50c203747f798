using Agents.Contracts.Effects;
using Agents.Contracts.Runs;
using Agents.Tools.Effects;

namespace Agents.Tools.Http;

/// <summary>A tool that is an HTTP endpoint.</summary>
class HttpTool(ToolSpec spec, ToolEnvironment environment, HttpEndpoint endpoint) : ITool
{
    public ToolSpec Spec { get; } = spec;

    protected HttpEndpoint Endpoint { get; } = endpoint;

    public async Task<ToolOutcome> InvokeAsync(ToolInvocation call, CancellationToken cancel)
    {
        if (Spec.Effect == EffectClass.ReadOnly)
        {
            return await Endpoint.CallAsync(call, cancel);
        }

        await environment.SightAsync(EffectPoint.BeforeEffect, call, cancel);
        var outcome = await Endpoint.CallAsync(call, cancel);
        await environment.SightAsync(EffectPoint.AfterEffect, call, cancel);
        return outcome;
    }
}

/// <summary>One whose owner answers look-ups by key.</summary>
sealed class ProbedHttpTool(ToolSpec spec, ToolEnvironment environment, HttpEndpoint endpoint)
    : HttpTool(spec, environment, endpoint), IReconcileProbe
{
    public Task<ProbeOutcome> ProbeAsync(ToolInvocation call, CancellationToken cancel) =>
        Endpoint.LookUpAsync(call.Key, cancel);
}
