namespace Agents.Contracts.Effects;

/// <summary>What a person says of an effect in doubt.</summary>
public enum EffectVerdict
{
    /// <summary>It happened: use the given result as the tool's result.</summary>
    Happened = 0,

    /// <summary>It did not happen: run it (again).</summary>
    DidNotHappen = 1,

    /// <summary>Do not run it: hand the given text to the model as an error.</summary>
    GiveUp = 2,
}

/// <summary>
/// A person's decision about the entry <paramref name="Key"/>; <paramref name="By"/> is kept as evidence. With
/// <paramref name="AttemptToken"/> it is about that attempt only: a decision that arrives twice, or late, must not be
/// taken for a word about the attempt it led to.
/// </summary>
public sealed record EffectResolution(
    string Key, EffectVerdict Verdict, string? Result, string By, string? AttemptToken = null)
{
    /// <summary>Not a person: the attempt itself, which ended after its run had another owner.</summary>
    public const string Executor = "executor";
}
