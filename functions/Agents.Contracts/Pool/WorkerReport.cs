namespace Agents.Contracts.Pool;

/// <summary>Where a model server is in its life.</summary>
public enum ModelServerState
{
    /// <summary>Loads its weights; takes nothing yet.</summary>
    Starting,
    Ready,

    /// <summary>Ends what it has and takes nothing new.</summary>
    Draining,

    /// <summary>Does not answer, or its process ended; its keeper tries again.</summary>
    Failed,
}

/// <summary>
/// What a model worker says of its model server, again and again: the first registers it, every one renews its lease. It
/// holds everything a pool needs to know, so that a pool that starts anew learns it all from the next reports.
/// </summary>
public sealed record WorkerReport
{
    /// <summary>Names the worker among all of a pool: letters, digits, dots, dashes, underscores; 100 at most.</summary>
    public required string Worker { get; init; }

    /// <summary>A new one for each start of the worker: reports of an earlier start are then known as old.</summary>
    public required string Incarnation { get; init; }

    /// <summary>Base address of the model server, version segment included; or "dapr:APP-ID".</summary>
    public required string Address { get; init; }

    /// <summary>Names of the models it serves.</summary>
    public required IReadOnlyList<string> Models { get; init; }

    public required ModelServerState State { get; init; }

    /// <summary>Why it is in that state, for people; null when it is ready.</summary>
    public string? Why { get; init; }

    /// <summary>Which program serves: agents, vllm, sglang, llama-server; null where it is not known.</summary>
    public string? Server { get; init; }

    /// <summary>Between two reports, in milliseconds. A pool that misses several takes the worker for gone.</summary>
    public required int EveryMs { get; init; }

    public WorkerFigures Figures { get; set; } = new();

    /// <summary>Beginnings that pools said this worker holds; sent to a pool that does not know them yet.</summary>
    public IReadOnlyList<HeldNote>? Held { get; init; }
}

/// <summary>Figures of a model server, from its own metrics; null where it does not say.</summary>
public sealed record WorkerFigures
{
    /// <summary>Tokens its KV cache takes.</summary>
    public int? KvTokens { get; init; }

    /// <summary>Of those, tokens that requests in work hold.</summary>
    public int? KvTokensUsed { get; init; }

    /// <summary>Tokens one conversation may have.</summary>
    public int? ContextTokens { get; init; }

    public int? Running { get; init; }

    /// <summary>Requests it may run at once.</summary>
    public int? RunningMax { get; init; }

    public int? Waiting { get; init; }

    /// <summary>Tokens it made a second, over the time between the last two reports.</summary>
    public double? TokensPerSecond { get; init; }

    /// <summary>Share of prompt tokens that were not computed again, since it started.</summary>
    public double? PrefixHitRate { get; init; }
}

/// <summary>A beginning that a worker holds.</summary>
public sealed record HeldNote(string Name, int Tokens);

/// <summary>What a pool answers to a report.</summary>
public sealed record PoolAnswer
{
    /// <summary>A new one for each start of the pool: a worker that sees a new one sends what it keeps for it.</summary>
    public required string Pool { get; init; }

    /// <summary>Requests of this pool that the worker has in work; a worker that drains leaves at 0.</summary>
    public required int InWork { get; init; }

    /// <summary>Beginnings the worker came to hold since the last answer. It keeps them, to tell a pool that starts anew.</summary>
    public IReadOnlyList<HeldNote>? Held { get; init; }

    /// <summary>Beginnings whose run ended.</summary>
    public IReadOnlyList<string>? Released { get; init; }
}
