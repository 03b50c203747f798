using System.Text.Json;
using Agents.Contracts.Effects;
using Agents.Contracts.Transcript;

namespace Agents.Client.Runs;

/// <summary>A run as users see it.</summary>
public sealed record RunView
{
    public required string Run { get; init; }
    public required string Name { get; init; }

    /// <summary>One of <see cref="RunStatuses"/>.</summary>
    public required string Status { get; init; }

    /// <summary>One sentence behind the status: why it was parked, what failed.</summary>
    public string? Detail { get; init; }
    public string? StopReason { get; init; }
    public int Steps { get; init; }
    public int? StepsMax { get; init; }
    public int ToolCalls { get; init; }
    public string? Model { get; init; }
    public TokenUsage Usage { get; init; } = new();
    public decimal? CostUsd { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    public string? Answer { get; init; }
    public JsonElement? Structured { get; init; }

    /// <summary>Tool calls that were asked for and have no result yet.</summary>
    public IReadOnlyList<PendingCall> Pending { get; init; } = [];

    /// <summary>Effects nobody knows the outcome of; each waits for `agents resolve`.</summary>
    public IReadOnlyList<LedgerEntry> InDoubt { get; init; } = [];

    /// <summary>The longest step so far.</summary>
    public SlowestStep? Slowest { get; init; }
    public string? Root { get; init; }

    /// <summary>Folder the outputs are written to.</summary>
    public string? Out { get; init; }
    public IReadOnlyDictionary<string, string>? Tags { get; init; }
    public long HistoryEvents { get; init; }
}

/// <summary><paramref name="Waits"/>: why the call has not begun, where that is known.</summary>
public sealed record PendingCall(int Step, int Call, string Tool, string Arguments, string? Waits = null);

public sealed record SlowestStep(int Step, long Milliseconds);

/// <summary>Statuses of a run, as text on the wire.</summary>
public static class RunStatuses
{
    public const string Pending = "pending";
    public const string Running = "running";
    public const string Paused = "paused";

    /// <summary>Waits for a person's decision about an effect.</summary>
    public const string InDoubt = "in_doubt";

    /// <summary>Set aside after a broken invariant; resume makes it try again.</summary>
    public const string Parked = "parked";

    /// <summary>Ended with an answer.</summary>
    public const string Completed = "completed";

    /// <summary>Ended without an answer at a limit of its own.</summary>
    public const string Stopped = "stopped";
    public const string Failed = "failed";
    public const string Cancelled = "cancelled";

    public static readonly IReadOnlyList<string> All =
        [Pending, Running, Paused, InDoubt, Parked, Completed, Stopped, Failed, Cancelled];

    public static bool IsEnded(string status) => status is Completed or Stopped or Failed or Cancelled;

    /// <summary>Unfinished, and nothing but a person makes it go on.</summary>
    public static bool NeedsPerson(string status) => status is Paused or InDoubt or Parked;
}
