namespace Agents.Engine;

/// <summary>Bounds of one node. Checked once, at start.</summary>
public sealed record EngineOptions
{
    /// <summary>This process's name as owner of instances; new for every start.</summary>
    public required string NodeId { get; init; }

    /// <summary>False: client operations only; no instance is claimed and nothing runs.</summary>
    public bool Execute { get; init; } = true;

    /// <summary>UTF-8 bytes above which a value is stored apart from its event.</summary>
    public int PayloadBytesMax { get; init; } = 32 * 1024;

    /// <summary>UTF-8 bytes of one input, event or result that the engine accepts.</summary>
    public int ValueBytesMax { get; init; } = 16 * 1024 * 1024;

    /// <summary>Writes of one group commit.</summary>
    public int GroupWritesMax { get; init; } = 512;

    /// <summary>
    /// Group commits on their way at once. One, where the store takes one at a time: while it is written the next one
    /// gathers. A store that gathers by itself is given everything at once.
    /// </summary>
    public int GroupsInFlightMax { get; init; } = 1;

    /// <summary>Inbox rows one turn takes.</summary>
    public int InboxRowsPerTurn { get; init; } = 256;

    /// <summary>Events of one execution; the next turn fails the instance by name.</summary>
    public int HistoryEventsMax { get; init; } = 200_000;

    /// <summary>
    /// Activities of this node that run at once. More wait: tenants (the run's tag 'tenant') take turns, inside a tenant the
    /// highest priority (tag 'priority', a whole number, 0 where there is none) goes first, and there runs take turns.
    /// </summary>
    public int ActivitiesMax { get; init; } = 2_048;

    /// <summary>Instances loaded at the same time after a restart: recovery must not flatten the store.</summary>
    public int LoadsMax { get; init; } = 16;

    /// <summary>Claims in a row that led to no commit before the instance is parked.</summary>
    public int ClaimsWithoutProgressMax { get; init; } = 5;

    /// <summary>Bytes hot instances may hold together before idle ones are evicted.</summary>
    public long HotBytesMax { get; init; } = 512L * 1024 * 1024;

    /// <summary>An AtMostOnce attempt that has not begun this long after its intent was made does not begin at all.</summary>
    public TimeSpan StartDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Whoever owned an instance before this node is proven dead (one node: the lock on the data directory proves it).
    /// In a cluster membership is no proof, and a probe's "absent" counts only if the probe fences.
    /// </summary>
    public bool PredecessorsProvenDead { get; init; }

    /// <summary>
    /// Attempts may be run by other processes, which outlive this one: that an owner is dead proves nothing of its attempts.
    /// </summary>
    public bool AttemptsRunElsewhere { get; init; }

    /// <summary>How often unowned instances are looked for besides hints and due times.</summary>
    public TimeSpan SweepEvery { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Looks, with every sweep, for messages to this node's own instances. Where other processes write to the store, one
    /// may have ended between writing a message and saying so.
    /// </summary>
    public bool LookForLostHints { get; init; }

    /// <summary>While activities of this node wait in queues: how often it looks whether another node let one in and the hint was lost.</summary>
    public TimeSpan QueueLookEvery { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Instances one sweep takes.</summary>
    public int SweepClaimsMax { get; init; } = 256;

    /// <summary>Streamed text is committed when this many tokens and <see cref="DeltaEvery"/> have passed since the last row.</summary>
    public int DeltaTokens { get; init; } = 64;

    public TimeSpan DeltaEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long ended runs are kept; nothing goes by itself unless this says so.</summary>
    public Retention.RetentionPolicy Retention { get; init; } = new();

    /// <summary>How often ended runs are looked at once there is nothing left to remove.</summary>
    public TimeSpan RetentionEvery { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Ended runs that one sweep looks at.</summary>
    public int RetentionRunsMax { get; init; } = 50;

    /// <summary>How long a purged id is remembered, so that a late repeat of its start does not run it again.</summary>
    public TimeSpan DedupWindow { get; init; } = TimeSpan.FromDays(14);
}
