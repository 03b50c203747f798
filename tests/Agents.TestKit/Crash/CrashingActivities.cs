using Agents.Contracts.Effects;
using Agents.Contracts.Work;

namespace Agents.TestKit.Crash;

/// <summary>An activity host that passes the point behind an AtMostOnce effect, before the engine hears of it.</summary>
public sealed class CrashingActivities(IActivityHost inner, CrashPlan plan) : IActivityHost
{
    public bool CanRun(string name, string? version) => inner.CanRun(name, version);

    public async Task<ActivityOutcome> RunAsync(ActivityWorkItem item, IActivityContext context, CancellationToken cancel)
    {
        var outcome = await inner.RunAsync(item, context, cancel);
        if (item.Effect is { Class: EffectClass.AtMostOnce } && item.Mode == ActivityMode.Execute
            && outcome is ActivityOutcome.Completed)
        {
            plan.Pass(CrashPoint.AfterEffect);
        }

        return outcome;
    }
}
