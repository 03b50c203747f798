using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;
using Agents.Contracts.Work;
using Agents.Tools;

namespace Agents.Worker.Activities;

/// <summary>One tool call, ready to be run or reconciled with the tools as its run pinned them.</summary>
public sealed record ToolWork
{
    public required RunInput Run { get; init; }

    /// <summary>The call as the model wrote it, arguments byte for byte.</summary>
    public required ToolCall Call { get; init; }

    /// <summary>Idempotency key; for a read, which has no ledger entry, the name of the call's place.</summary>
    public required string Key { get; init; }

    /// <summary>Mode, attempt, attempt token and what is known of earlier attempts.</summary>
    public required ActivityWorkItem Item { get; init; }

    /// <summary>The engine's side of the attempt.</summary>
    public required IActivityContext Context { get; init; }

    /// <summary>To be asked immediately before an AtMostOnce effect; false: do nothing and answer NotStarted.</summary>
    public required Func<bool> MayAct { get; init; }

    /// <summary>Answered calls, by the beginning of the tool's name, that a fork shares with the run it came from; null: no fork.</summary>
    public Func<string, CancellationToken, Task<IReadOnlyList<PastCall>>>? Inherited { get; init; }
}

/// <summary>
/// Runs or reconciles one tool call. For an AtMostOnce effect an outcome nobody can tell is InDoubt, never a guess.
/// </summary>
public delegate Task<ActivityOutcome> ToolRunning(ToolWork work, CancellationToken cancel);
