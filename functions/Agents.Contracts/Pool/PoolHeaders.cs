namespace Agents.Contracts.Pool;

/// <summary>Headers by which a caller tells a pool what a request belongs to; all of them may be left out.</summary>
public static class PoolHeaders
{
    /// <summary>The run or conversation.</summary>
    public const string Run = "x-agents-run";

    /// <summary>Names the beginning its prompts share; another one when an earlier part of the prompt changed.</summary>
    public const string Prefix = "x-agents-prefix";

    /// <summary>Who pays.</summary>
    public const string Tenant = "x-agents-tenant";

    /// <summary><see cref="Interactive"/> or <see cref="Batch"/>.</summary>
    public const string Class = "x-agents-class";

    /// <summary>How long the request may wait for a worker, in milliseconds.</summary>
    public const string DeadlineMs = "x-agents-deadline-ms";

    /// <summary>In answers: the worker that replied.</summary>
    public const string Worker = "x-agents-worker";

    public const string Interactive = "interactive";
    public const string Batch = "batch";
}

/// <summary>What a caller says of a run between two model calls: POST /pool/runs/RUN.</summary>
/// <param name="Ended">No further call comes: what is held for the run may go.</param>
/// <param name="BackInMs">It waits for a tool for about so long; null where nobody knows.</param>
/// <param name="Prefix">Name of its beginning, where its requests give one.</param>
public sealed record RunHintBody(bool Ended, long? BackInMs, string? Prefix);
