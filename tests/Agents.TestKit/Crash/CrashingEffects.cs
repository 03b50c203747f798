using Agents.Contracts.Effects;
using Agents.Tools.Effects;

namespace Agents.TestKit.Crash;

/// <summary>Watches tools and passes the crash points that lie inside an AtMostOnce effect.</summary>
public sealed class CrashingEffects(CrashPlan plan) : IEffectObserver
{
    public ValueTask AtAsync(EffectPoint point, EffectSighting effect, CancellationToken cancel)
    {
        if (effect.Class == EffectClass.AtMostOnce)
        {
            plan.Pass(point switch
            {
                EffectPoint.BeforeEffect => CrashPoint.AfterIntent,
                EffectPoint.MidEffect => CrashPoint.EffectJournalled,
                _ => CrashPoint.MidEffect,
            });
        }

        return default;
    }
}
