using Agents.Contracts.Effects;

namespace Agents.Tools.Effects;

/// <summary>Watches effects happen; tests and the kill proof hold or end the process at its points.</summary>
public interface IEffectObserver
{
    ValueTask AtAsync(EffectPoint point, EffectSighting effect, CancellationToken cancel);
}

public enum EffectPoint
{
    /// <summary>The attempt is about to ask whether it may act.</summary>
    BeforeEffect = 0,

    /// <summary>The attempt said in its journal what it will do and has not done it (file effects only).</summary>
    MidEffect = 1,

    /// <summary>The effect is done; its result has not left the tool.</summary>
    AfterEffect = 2,
}

public sealed record EffectSighting(
    string RunId, string Key, string AttemptToken, string Tool, EffectClass Class, string Arguments);

public sealed class NoEffectObserver : IEffectObserver
{
    public static readonly NoEffectObserver Instance = new();

    NoEffectObserver()
    {
    }

    public ValueTask AtAsync(EffectPoint point, EffectSighting effect, CancellationToken cancel) => default;
}
