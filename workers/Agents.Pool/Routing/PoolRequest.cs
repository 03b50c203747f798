namespace Agents.Pool.Routing;

/// <summary>Who waits for a reply: interactive goes before batch.</summary>
public enum RequestClass
{
    Interactive,
    Batch,
}

/// <summary>What routing and admission know of a request. The pool reads it from headers and body; nothing of the text is kept.</summary>
public sealed record PoolRequest
{
    /// <summary>The model asked for, as callers name it.</summary>
    public required string Model { get; init; }

    /// <summary>Who pays; tenants share the workers fairly by tokens.</summary>
    public string Tenant { get; init; } = "default";

    public RequestClass Class { get; init; } = RequestClass.Interactive;

    /// <summary>The run or conversation it is a step of; null where the caller names none.</summary>
    public string? Run { get; init; }

    /// <summary>
    /// Names of beginnings the prompt has, longest first: the run's own, which changes when its prefix breaks, then those
    /// it shares with others (tools and system message). A worker that holds one needs not compute it again.
    /// </summary>
    public IReadOnlyList<string> Prefixes { get; init; } = [];

    /// <summary>Tokens of the longest beginning it shares with other runs, the second of <see cref="Prefixes"/>; 0 for none.</summary>
    public int SharedTokens { get; init; }

    /// <summary>Tokens of the prompt, estimated from its bytes.</summary>
    public required int PromptTokens { get; init; }

    /// <summary>Most tokens of the reply; the server's default where the request says nothing.</summary>
    public required int TokensMax { get; init; }

    /// <summary>Tokens the reply is expected to have, learned from its run (<see cref="ReplyEstimate"/>); null where nothing is known.</summary>
    public int? ExpectedTokens { get; init; }

    /// <summary>Room it needs: its prompt and as much reply as is expected.</summary>
    public int TokensNeeded => (int)Math.Min(int.MaxValue, (long)PromptTokens + Math.Min(ExpectedTokens ?? UnknownReplyTokens, TokensMax));

    const int UnknownReplyTokens = 1024;
}
