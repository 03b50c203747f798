namespace Agents.ModelServer.Generation;

/// <summary>
/// What the tokens of one reply mean, and what may come next in it. The generator's thread alone uses it, once a token.
/// </summary>
public interface IReplyShape : IDisposable
{
    /// <summary>What the next token may be.</summary>
    Choice Next { get; }

    /// <summary>Where a ruled text stands.</summary>
    Utf8State Utf8 { get; }

    /// <summary>Takes a token in and adds what it completes. False when the reply is complete.</summary>
    bool Take(int token, List<ReplyPart> parts);

    /// <summary>Adds what was held back, where the reply ends without being complete.</summary>
    void Flush(List<ReplyPart> parts);

    /// <summary>Why a complete reply ended: "stop" or "tool_calls".</summary>
    string FinishReason { get; }
}
