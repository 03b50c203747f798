namespace Agents.Tools.Effects;

static class EffectSightings
{
    public static ValueTask SightAsync(
        this ToolEnvironment environment, EffectPoint point, ToolInvocation call, CancellationToken cancel) =>
        environment.Observer.AtAsync(
            point,
            new EffectSighting(
                call.RunId, call.Key, call.AttemptToken, call.Spec.Name, call.Spec.Effect, call.RawArguments),
            cancel);
}
