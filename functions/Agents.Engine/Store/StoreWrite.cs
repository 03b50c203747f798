using Agents.Contracts.Client;
using Agents.Contracts.Effects;
using Agents.Contracts.Instances;

namespace Agents.Engine.Store;

/// <summary>
/// One unit of a group write. A batch of these goes into one transaction; each stands alone: a write that is refused
/// changes nothing and the others of its batch commit. Every outcome says what became of its own write.
/// </summary>
public abstract record StoreWrite;

/// <summary>Creates an instance and its first execution; its ExecutionStarted event waits in the inbox.</summary>
public sealed record InstanceStart : StoreWrite
{
    public required string InstanceId { get; init; }
    public required string ExecutionId { get; init; }
    public required string Name { get; init; }
    public string? Version { get; init; }
    public IReadOnlyDictionary<string, string>? Tags { get; init; }
    public string? ParentInstanceId { get; init; }

    /// <summary>Root run of a family of forks; null: the instance is its own root.</summary>
    public long? LineageKey { get; init; }

    /// <summary>A fork or a rewind in a new instance: history before the cut is the parent's.</summary>
    public ExecutionCut? Cut { get; init; }
    public string? IdentitySeed { get; init; }

    /// <summary>Number of the first execution; above 0 for a fork of a later generation, whose references it shares.</summary>
    public int Generation { get; init; }
    public required string RequestDigest { get; init; }
    public bool ReplaceTerminal { get; init; }

    /// <summary>For a child: an existing finished child of the same parent is replaced.</summary>
    public bool ReplaceFinishedChild { get; init; }
    public DateTimeOffset? ScheduledStart { get; init; }
    public required DateTimeOffset Now { get; init; }

    /// <summary>Inbox rows of the new instance, in order; the first is ExecutionStarted (none for a fork).</summary>
    public IReadOnlyList<InboxMessage> Inbox { get; init; } = [];

    /// <summary>A child whose id is taken: written to this inbox instead, inside the same transaction.</summary>
    public InboxSend? OnClash { get; init; }

    /// <summary>Payloads that the inbox rows refer to.</summary>
    public IReadOnlyList<PayloadRow> Payloads { get; init; } = [];
}

/// <summary>History before <paramref name="Sequence"/> is that of the execution <paramref name="ParentExecutionKey"/>.</summary>
public sealed record ExecutionCut(long ParentExecutionKey, long Sequence);

public enum InboxKind
{
    /// <summary>Body is one encoded history event, appended when consumed.</summary>
    HistoryEvent = 0,

    /// <summary>Body is an EffectResolution as JSON.</summary>
    EffectResolution = 1,
}

/// <summary>Body of an inbox row. Delivered only to <paramref name="ExecutionId"/> when that is given.</summary>
public sealed record InboxMessage(
    InboxKind Kind,
    ReadOnlyMemory<byte> Body,
    string? ExecutionId = null,
    string? DedupKey = null,
    DateTimeOffset? VisibleAt = null)
{
    /// <summary>Payloads that the body refers to; kept in the lineage of the instance it is sent to. Empty when read back.</summary>
    public IReadOnlyList<PayloadRow> Payloads { get; init; } = [];
}

/// <summary>Puts a row into an instance's inbox; the same dedup key is kept once while the instance is not terminal.</summary>
public sealed record InboxSend(string InstanceId, InboxMessage Message, DateTimeOffset Now) : StoreWrite;

/// <summary>
/// Takes ownership: owner_epoch + 1 and claims_without_progress + 1, unless the instance is terminal, parked, gone, or
/// its epoch is not <paramref name="ExpectedEpoch"/>.
/// </summary>
public sealed record InstanceClaim(long InstanceKey, long ExpectedEpoch, string NodeId, DateTimeOffset Now) : StoreWrite;

/// <summary>
/// Everything one turn (or one delta flush) of one instance changes, under the fence: nothing of it is written unless
/// (instance, execution, owner epoch, next sequence) are what the owner holds.
/// </summary>
public sealed record InstanceCommit : StoreWrite
{
    public required long InstanceKey { get; init; }
    public required long ExecutionKey { get; init; }
    public required long OwnerEpoch { get; init; }

    /// <summary>next_seq before this commit; also the sequence of the first event appended.</summary>
    public required long ExpectedSequence { get; init; }

    /// <summary>Events in <see cref="Events"/>; 0 appends no history row.</summary>
    public int EventCount { get; init; }

    /// <summary>One history row, as <see cref="History.HistoryCodec"/> wrote it.</summary>
    public ReadOnlyMemory<byte> Events { get; init; }

    /// <summary>Random, kept on the instance row: tells after an unknown outcome whether this commit is in.</summary>
    public required long CommitId { get; init; }
    public required DateTimeOffset Now { get; init; }
    public StatusChange? Status { get; init; }

    /// <summary>Null leaves the custom status as it is.</summary>
    public string? CustomStatus { get; init; }

    /// <summary>Null leaves the wake time as it is.</summary>
    public WakeChange? Wake { get; init; }

    /// <summary>Gives ownership up after this commit.</summary>
    public bool Release { get; init; }

    /// <summary>Sets the instance aside with this reason; it is not claimed until unparked.</summary>
    public string? Park { get; init; }

    /// <summary>Effects in doubt that wait for a person; null leaves the number as it is.</summary>
    public int? InDoubt { get; init; }
    public IReadOnlyList<long> ConsumedInbox { get; init; } = [];
    public IReadOnlyList<InboxSend> Sends { get; init; } = [];
    public IReadOnlyList<InstanceStart> Starts { get; init; } = [];
    public IReadOnlyList<LedgerWrite> Ledger { get; init; } = [];
    public IReadOnlyList<PayloadRow> Payloads { get; init; } = [];
    public IReadOnlyList<DeltaRow> Deltas { get; init; } = [];

    /// <summary>Deltas of this task's attempts are replaced by their cut points: the message itself is in history now.</summary>
    public DeltaFold? Fold { get; init; }

    /// <summary>Continue-as-new: the current execution ends here and this one begins.</summary>
    public NextExecution? Next { get; init; }
}

/// <summary>Terminal statuses set completed_at to Now. Output and failure are stored in the closing event too.</summary>
public sealed record StatusChange(OrchestrationStatus Status, string? Output = null, FailureDetails? Failure = null);

/// <summary>When any node should look at the instance if nobody owns it; null: only its inbox wakes it.</summary>
public sealed record WakeChange(DateTimeOffset? At);

/// <summary>Opens the next generation; <paramref name="Inbox"/> begins with ExecutionStarted, then carried-over events.</summary>
public sealed record NextExecution(string ExecutionId, string? Version, IReadOnlyList<InboxMessage> Inbox)
{
    /// <summary>Header of the execution; null means the execution id.</summary>
    public string? IdentitySeed { get; init; }
}

/// <summary>A value stored once per lineage; <paramref name="Hash"/> is SHA-256 of the raw bytes.</summary>
public sealed record PayloadRow(ReadOnlyMemory<byte> Hash, ReadOnlyMemory<byte> Compressed, int Length);

/// <summary>
/// Insert of an intent, or a change of an entry. A change is refused (skipped, counted, the commit stands) unless
/// <paramref name="ExpectedToken"/> is the entry's attempt token; null skips the check (a person's or a probe's verdict
/// made under the run's own fence).
/// </summary>
public sealed record LedgerWrite(LedgerEntry Entry, string? ExpectedToken);

/// <summary>
/// A piece of generated text: row <paramref name="Row"/> (from 1) behind event <paramref name="AfterSequence"/>.
/// <paramref name="Start"/> is the character where it begins in its kind's text; Kind "retract" voids the attempt.
/// </summary>
public sealed record DeltaRow(
    int Generation, long AfterSequence, int Row, int TaskId, int Attempt, string Kind, int Start, string Text);

/// <summary>
/// The message of <paramref name="TaskId"/>, attempt <paramref name="Attempt"/>, is event <paramref name="MessageSequence"/>:
/// its delta rows keep place, kind, start and length, and lose their text.
/// </summary>
public sealed record DeltaFold(int Generation, int TaskId, int Attempt, long MessageSequence);

/// <summary>
/// A receipt that came too late to be a result (stale owner, finished or suspended run): settles an entry that is
/// still an intent or in doubt and never touches history. Not fenced by the instance, only by the attempt token.
/// </summary>
public sealed record EvidenceWrite(LedgerEntry Entry) : StoreWrite;

public abstract record WriteOutcome
{
    /// <summary>Of an <see cref="EvidenceWrite"/>: whether an undecided entry was settled by it.</summary>
    public sealed record EvidenceKept(bool Settled) : WriteOutcome;

    /// <summary>Of an <see cref="InstanceCommit"/>. <paramref name="NewExecutionKey"/> is set where it opened a generation.</summary>
    public sealed record Committed(long? NewExecutionKey) : WriteOutcome;

    /// <summary>Of an <see cref="InstanceCommit"/>: somebody else owns the instance, or it is gone. Nothing was written.</summary>
    public sealed record Fenced : WriteOutcome;

    public sealed record Started(StartOutcome Outcome, long InstanceKey) : WriteOutcome;

    public sealed record Sent(SendOutcome Outcome, long InstanceKey) : WriteOutcome;

    /// <summary>Of an <see cref="InstanceClaim"/>; null: not to be had.</summary>
    public sealed record Claimed(InstanceRecord? Instance) : WriteOutcome;

    /// <summary>The store cannot take this one (data error): it is the offender of its batch. Nothing of it was written.</summary>
    public sealed record Refused(string Why) : WriteOutcome;
}
