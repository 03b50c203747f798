using Agents.Contracts.Instances;
using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;

namespace Agents.Inference.Streaming;

/// <summary>How one attempt to call a model ended.</summary>
public abstract record ModelOutcome
{
    /// <summary>A complete reply with a known finish reason. PromptDigest is the caller's to set.</summary>
    public sealed record Replied(ModelReply Reply) : ModelOutcome;

    public sealed record Failed(ModelError Error) : ModelOutcome;
}

/// <summary>
/// A failed attempt. <paramref name="Message"/> begins with an error code (docs/errors) and says what happened where.
/// <paramref name="Usage"/> is what the server reported before it broke off, to be charged all the same.
/// </summary>
public sealed record ModelError(
    ModelErrorKind Kind, string Message, TimeSpan? RetryAfter = null, int? HttpStatus = null, TokenUsage? Usage = null)
{
    /// <summary>The form in which it goes into history.</summary>
    public FailureDetails ToFailure() => ModelFailure.Create(Kind, Message, RetryAfter);
}

public enum ModelDeltaKind
{
    Reasoning = 0,
    Content = 1,

    /// <summary>Text of a call as it is written: its name when it begins, then pieces of its arguments.</summary>
    ToolCall = 2,
}

/// <summary>
/// A piece of a reply as it arrives. Joined, the reasoning and the content pieces are always a prefix of the reply's
/// reasoning and content; only a failed attempt takes back what it showed.
/// </summary>
public readonly record struct ModelDelta(ModelDeltaKind Kind, string Text);
