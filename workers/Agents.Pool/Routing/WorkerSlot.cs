namespace Agents.Pool.Routing;

/// <summary>Whether a worker may be sent requests.</summary>
public enum WorkerHealth
{
    /// <summary>Takes requests.</summary>
    Ready,

    /// <summary>Failed of late and may be tried with one request; it has none in work.</summary>
    Probe,

    /// <summary>Ends what it has and takes nothing new.</summary>
    Draining,

    /// <summary>Takes nothing: it failed, its model server is not ready, or it was not heard of.</summary>
    Down,
}

/// <summary>A model worker as routing sees it at one moment. What the pool sent since the last report is counted in.</summary>
public sealed record WorkerSlot
{
    public required string Worker { get; init; }

    /// <summary>Names of models it serves.</summary>
    public required IReadOnlyCollection<string> Models { get; init; }

    public WorkerHealth Health { get; init; } = WorkerHealth.Ready;

    /// <summary>Tokens its KV cache takes; 0 where the server does not say.</summary>
    public int KvTokens { get; init; }

    /// <summary>Of those, tokens that no request in work holds (kept beginnings count as free: they give way).</summary>
    public int KvTokensFree { get; init; }

    /// <summary>Tokens one conversation may have, reply included; 0 where the server does not say.</summary>
    public int ContextTokens { get; init; }

    /// <summary>Requests it makes tokens for.</summary>
    public int Running { get; init; }

    /// <summary>Requests it may run at once; 0 where the server does not say.</summary>
    public int RunningMax { get; init; }

    /// <summary>Requests that wait inside it.</summary>
    public int Waiting { get; init; }

    /// <summary>Tokens of prompts and replies it still has to compute, as far as the pool sent them.</summary>
    public int TokensOwed { get; init; }

    /// <summary>Beginnings it is believed to hold, by name.</summary>
    public IReadOnlyDictionary<string, HeldPrefix> Held { get; init; } = new Dictionary<string, HeldPrefix>();
}

/// <summary>A beginning that a worker computed.</summary>
/// <param name="Tokens">How long it is.</param>
/// <param name="UsedAt">When a request last had it.</param>
/// <param name="BackAt">When its run is expected with the next step (it waits for a tool); null where nobody said.</param>
public sealed record HeldPrefix(int Tokens, DateTimeOffset UsedAt, DateTimeOffset? BackAt = null)
{
    readonly int? _cells;

    /// <summary>Of its tokens those that no shared beginning holds: the room that is won when it gives way.</summary>
    public int Cells
    {
        get => _cells ?? Tokens;
        init => _cells = value;
    }

    /// <summary>Since when it is held there without a break; a run that came in just now is not pushed out at once.</summary>
    public DateTimeOffset Since { get; init; } = DateTimeOffset.MinValue;

    /// <summary>A request in work goes on from it: its tokens are not free and cannot give way.</summary>
    public bool InUse { get; init; }
}
