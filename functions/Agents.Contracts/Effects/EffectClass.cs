namespace Agents.Contracts.Effects;

/// <summary>How safe a second execution of a tool call is. A tool that declares nothing is <see cref="AtMostOnce"/>.</summary>
public enum EffectClass
{
    /// <summary>Changes nothing; may run any number of times.</summary>
    ReadOnly = 0,

    /// <summary>Repeats carry the same key and bytes; the tool makes them one effect.</summary>
    Idempotent = 1,

    /// <summary>Intent is durable before, receipt after; an intent without a receipt is in doubt and never rerun by guess.</summary>
    AtMostOnce = 2,
}
