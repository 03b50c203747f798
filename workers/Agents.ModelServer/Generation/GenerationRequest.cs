namespace Agents.ModelServer.Generation;

/// <summary>One reply to make.</summary>
public sealed record GenerationRequest
{
    /// <summary>Tokens to go on from, at least one.</summary>
    public required int[] Prompt { get; init; }

    /// <summary>
    /// Tokens of the reply that were made elsewhere already: it goes on behind them as if they had been made here. The shape
    /// has taken them in.
    /// </summary>
    public int[] Reply { get; init; } = [];

    /// <summary>What those tokens stand for, to be given again first; empty where the reader has it.</summary>
    public IReadOnlyList<GenerationEvent.Token> Echo { get; init; } = [];

    /// <summary>Tokens to make at most, those made elsewhere included.</summary>
    public required int TokensMax { get; init; }

    public required SamplingOptions Sampling { get; init; }

    /// <summary>Belongs to this request alone; the generator disposes of it.</summary>
    public required IReplyShape Shape { get; init; }
}

/// <summary>Counts of a reply. Cached tokens are those of the prompt that were not computed again.</summary>
public readonly record struct GenerationUsage(int PromptTokens, int CachedTokens, int ReplyTokens);

/// <summary>What becomes of a reply, in order; the last one is <see cref="Ended"/>.</summary>
public abstract record GenerationEvent
{
    GenerationEvent()
    {
    }

    public sealed record Token(Pick Pick, IReadOnlyList<ReplyPart> Parts) : GenerationEvent;

    /// <param name="Reason">"stop", "tool_calls", "length", "cancelled", "stopped" (the server ends) or "failed".</param>
    /// <param name="Parts">What was held back.</param>
    /// <param name="Failure">With its code, for "failed".</param>
    public sealed record Ended(string Reason, GenerationUsage Usage, IReadOnlyList<ReplyPart> Parts, string? Failure) : GenerationEvent;
}
