namespace Agents.Contracts.Effects;

/// <summary>One entry of the effect ledger; survives rewind, continue-as-new and termination of its run.</summary>
public sealed record LedgerEntry
{
    public required string Key { get; init; }
    public required string InstanceId { get; init; }
    public required string ExecutionId { get; init; }
    public required int TaskId { get; init; }
    public required string Tool { get; init; }
    public required LedgerState State { get; init; }

    /// <summary>Identifies the attempt that may act; a newer attempt makes every older one stale.</summary>
    public required string AttemptToken { get; init; }
    public required DateTimeOffset IntentAt { get; init; }
    public DateTimeOffset? SettledAt { get; init; }

    /// <summary>The activity's result, where the receipt is known.</summary>
    public string? Receipt { get; init; }

    /// <summary>Who settled it and why: "executor", "probe: …", "person: …".</summary>
    public string? Evidence { get; init; }
}
