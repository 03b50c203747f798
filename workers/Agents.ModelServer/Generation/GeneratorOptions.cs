namespace Agents.ModelServer.Generation;

/// <summary>Bounds of a generator.</summary>
public sealed record GeneratorOptions
{
    /// <summary>Replies made at once.</summary>
    public int SlotsMax { get; init; } = 8;

    /// <summary>Requests that wait for a slot; one more is refused.</summary>
    public int QueueMax { get; init; } = 64;

    /// <summary>Tokens of one conversation, reply included.</summary>
    public required int ContextTokens { get; init; }

    /// <summary>Tokens of prompts computed in one batch while somebody speaks: what a long prompt may hold them up.</summary>
    public int PromptTokensPerBatch { get; init; } = 128;

    /// <summary>False computes every prompt from its beginning, for models whose past cannot be shared.</summary>
    public bool SharesPrefixes { get; init; } = true;
}
