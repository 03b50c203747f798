using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Contracts.Instances;

namespace Agents.Contracts.Client;

/// <summary>Starts and steers instances. Every accepted call is durable before it returns.</summary>
public interface IOrchestrationClient
{
    Task<StartOutcome> StartAsync(StartRequest request, CancellationToken cancel);

    Task<InstanceView?> GetAsync(InstanceId id, bool withPayloads, CancellationToken cancel);

    Task<InstancePage> QueryAsync(InstanceQuery query, CancellationToken cancel);

    /// <summary>Puts a command into the instance's inbox. The same dedup key is accepted once.</summary>
    Task<SendOutcome> SendAsync(InstanceId id, InstanceMessage message, string? dedupKey, CancellationToken cancel);

    /// <summary>Returns when the instance is terminal, parked, gone, or <paramref name="cancel"/> is cancelled.</summary>
    Task<InstanceView?> WaitForCompletionAsync(InstanceId id, CancellationToken cancel);
}

/// <summary>Operations on what already ran. Each is refused by name where it does not apply.</summary>
public interface IOrchestrationAdmin
{
    /// <summary>FAILED instances only: opens a new execution cut before the first failed result that led to the failure.</summary>
    Task<AdminOutcome> RewindAsync(InstanceId id, string? reason, CancellationToken cancel);

    /// <summary>Terminal instances: same name, version, input and tags; same id or a new one.</summary>
    Task<AdminOutcome> RestartAsync(InstanceId id, bool newId, CancellationToken cancel);

    /// <summary>A new run that shares the history before <paramref name="cutSequence"/> (a committed step boundary).</summary>
    Task<AdminOutcome> ForkAsync(InstanceId id, InstanceId newId, long cutSequence, string? newInput, CancellationToken cancel);

    /// <summary>Terminal instances: removes history, inbox, payloads; leaves a tombstone. Force overrides in-doubt entries.</summary>
    Task<PurgeOutcome> PurgeAsync(InstanceId id, bool recursive, bool force, CancellationToken cancel);

    /// <summary>Makes a parked instance run again.</summary>
    Task<AdminOutcome> UnparkAsync(InstanceId id, CancellationToken cancel);

    /// <summary>Ledger entries of an instance, oldest first.</summary>
    Task<IReadOnlyList<LedgerEntry>> ListEffectsAsync(InstanceId id, bool inDoubtOnly, CancellationToken cancel);
}

/// <summary>Reads histories and streams.</summary>
public interface IHistoryReader : Work.IHistorySource
{
    /// <summary>Generations of an instance, oldest first.</summary>
    Task<IReadOnlyList<ExecutionView>> ListExecutionsAsync(InstanceId id, CancellationToken cancel);

    /// <summary>
    /// The run's stream after <paramref name="after"/> (null: from the start), in order, live: ends when the instance
    /// is terminal and all is read, or when cancelled. What it yields is committed and never changes.
    /// </summary>
    IAsyncEnumerable<StreamItem> ReadStreamAsync(InstanceId id, StreamOffset? after, CancellationToken cancel);

    /// <summary>The same up to what is committed now.</summary>
    IAsyncEnumerable<StreamItem> ReadShownAsync(InstanceId id, StreamOffset after, CancellationToken cancel);
}

public sealed record StartRequest
{
    public required InstanceId Id { get; init; }
    public required string Name { get; init; }
    public string? Version { get; init; }
    public string? Input { get; init; }
    public IReadOnlyDictionary<string, string>? Tags { get; init; }
    public DateTimeOffset? ScheduledStart { get; init; }
    public TraceLink? Trace { get; init; }

    /// <summary>Digest of the request, for "same id, same request"; null derives it from name, version and input.</summary>
    public string? RequestDigest { get; init; }

    /// <summary>Durable Task StartInstance only: an existing terminal instance is replaced.</summary>
    public bool ReplaceTerminal { get; init; }
}

public enum StartOutcome
{
    Started = 0,

    /// <summary>The id exists with the same request digest: that run is the answer.</summary>
    AlreadyStarted = 1,

    /// <summary>The id exists (or was purged within the dedup window) with another request.</summary>
    Conflict = 2,
}

public enum SendOutcome
{
    Accepted = 0,
    AlreadyAccepted = 1,
    NotFound = 2,
    Finished = 3,
}

/// <summary>What can be put into an inbox from outside.</summary>
public abstract record InstanceMessage
{
    public sealed record Raise(string Name, string? Input) : InstanceMessage;

    public sealed record Terminate(string? Output, bool Recurse) : InstanceMessage;

    public sealed record Suspend(string? Reason) : InstanceMessage;

    public sealed record Resume(string? Reason) : InstanceMessage;

    public sealed record Resolve(EffectResolution Resolution) : InstanceMessage;
}

public sealed record AdminOutcome(bool Done, InstanceId? Id, string? Refusal);

/// <summary><paramref name="RetainedBy"/>: live forks that still need the history.</summary>
public sealed record PurgeOutcome(int Deleted, string? Refusal, IReadOnlyList<string> RetainedBy);

/// <summary>An instance as clients see it.</summary>
public sealed record InstanceView
{
    public required string InstanceId { get; init; }
    public required string ExecutionId { get; init; }
    public required int Generation { get; init; }
    public required string Name { get; init; }
    public string? Version { get; init; }
    public required OrchestrationStatus Status { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
    public DateTimeOffset? CompletedAt { get; init; }
    public string? Input { get; init; }
    public string? Output { get; init; }
    public string? CustomStatus { get; init; }
    public FailureDetails? Failure { get; init; }
    public string? ParentInstanceId { get; init; }
    public IReadOnlyDictionary<string, string>? Tags { get; init; }

    /// <summary>When it is to begin, if that was asked for; known where payloads are read.</summary>
    public DateTimeOffset? ScheduledStart { get; init; }

    /// <summary>Events in the current execution.</summary>
    public long HistoryEvents { get; init; }

    /// <summary>Set aside after a broken invariant or divergence: why. Not a protocol status.</summary>
    public string? Parked { get; init; }

    /// <summary>Effects in doubt that wait for a person.</summary>
    public int InDoubt { get; init; }
}

/// <summary>Filters are ANDed. <see cref="PageSize"/> 1 to 1000.</summary>
public sealed record InstanceQuery
{
    public IReadOnlyList<OrchestrationStatus> Statuses { get; init; } = [];
    public DateTimeOffset? CreatedFrom { get; init; }
    public DateTimeOffset? CreatedTo { get; init; }
    public string? Name { get; init; }
    public string? IdPrefix { get; init; }
    public KeyValuePair<string, string>? Tag { get; init; }
    public bool? Parked { get; init; }
    public bool WithPayloads { get; init; }
    public int PageSize { get; init; } = 100;
    public string? ContinuationToken { get; init; }
}

public sealed record InstancePage(IReadOnlyList<InstanceView> Items, string? ContinuationToken);

public sealed record ExecutionView(string ExecutionId, int Generation, long Events, OrchestrationStatus Status)
{
    /// <summary>Identity seeds in force, oldest first: whoever replays the execution needs them.</summary>
    public IReadOnlyList<Work.IdentitySeed> Seeds { get; init; } = [];
}
