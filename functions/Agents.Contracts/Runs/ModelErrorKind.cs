namespace Agents.Contracts.Runs;

/// <summary>Why an attempt to call a model failed. The kind, not the message, decides what the loop does next.</summary>
public enum ModelErrorKind
{
    /// <summary>Connection, silence, 5xx, a stream that ended early: the same request may be sent again.</summary>
    Transient = 0,

    /// <summary>The server asks for fewer requests: again after the wait it names.</summary>
    RateLimited = 1,

    /// <summary>Money or plan is used up: nothing but a person helps.</summary>
    QuotaExhausted = 2,

    /// <summary>The server refuses the request as it is.</summary>
    BadRequest = 3,

    /// <summary>Key missing, wrong, or without the right.</summary>
    Auth = 4,

    /// <summary>No such model or address.</summary>
    NotFound = 5,

    /// <summary>The conversation does not fit the model's window: shorten the view, then once more.</summary>
    ContextOverflow = 6,

    /// <summary>The provider's filter refused the request.</summary>
    ContentFilter = 7,

    /// <summary>The request is larger than the server takes.</summary>
    TooLarge = 8,

    /// <summary>The model thought and stopped without an answer or a call: one nudge, then a named stop.</summary>
    ReasoningOnly = 9,

    /// <summary>The model stopped without any output.</summary>
    EmptyReply = 10,

    /// <summary>The reply breaks a bound of ours (size, number of calls): sending it again is unlikely to help.</summary>
    OverBound = 11,

    /// <summary>The profile cannot be used by this build: unknown dialect, bad address, tool names it refuses.</summary>
    Unusable = 12,
}
