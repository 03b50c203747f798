using Agents.Pool.Routing;

namespace Agents.Pool.Workers;

/// <summary>A request that a worker has. Used under the dispatcher's lock.</summary>
sealed class WorkInHand(PoolRequest request, int heldTokens, bool isProbe)
{
    public PoolRequest Request { get; } = request;

    /// <summary>Tokens of the prompt that the worker was believed to hold.</summary>
    public int HeldTokens { get; } = Math.Min(heldTokens, request.PromptTokens);

    /// <summary>It is the one that tries a worker which failed.</summary>
    public bool IsProbe { get; } = isProbe;

    /// <summary>The first byte of the reply came: the prompt is computed.</summary>
    public bool Answers { get; set; }

    /// <summary>What its tenant was charged when it was sent; put right when it ends.</summary>
    public double Charged => Request.TokensNeeded - HeldTokens;

    /// <summary>What the worker has yet to compute for it, as far as is known.</summary>
    public int TokensOwed => (Answers ? 0 : Request.PromptTokens - HeldTokens) + Request.TokensNeeded - Request.PromptTokens;
}

/// <summary>What a request came to on a worker.</summary>
enum WorkEnd
{
    /// <summary>The worker did its part: a whole reply, or a refusal that is the request's own fault.</summary>
    Done,

    /// <summary>The worker has no room (429, 503): it is not broken, and the request may go elsewhere.</summary>
    Busy,

    /// <summary>No connection, a broken stream, silence, or 5xx.</summary>
    Failed,

    /// <summary>The caller left, or another attempt was faster.</summary>
    Left,
}

/// <summary>Tokens of a reply as its usage says; null where it does not.</summary>
readonly record struct ReplyTokens(int? Prompt, int? Reply, int? Cached);
