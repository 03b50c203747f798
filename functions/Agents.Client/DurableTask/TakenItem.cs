using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;

namespace Agents.Client.DurableTask;

/// <summary>A work item; its token is good for this delivery only.</summary>
public abstract record TakenItem(string InstanceId, string Token);

/// <summary>A turn: committed history, and what has come since.</summary>
public sealed record TakenTurn(
    string InstanceId, string ExecutionId, IReadOnlyList<HistoryEvent> Past, IReadOnlyList<HistoryEvent> Fresh, string Token)
    : TakenItem(InstanceId, Token)
{
    /// <summary>Events before the fresh ones that the worker said it keeps: <see cref="Past"/> is empty then. 0: none.</summary>
    public long Kept { get; init; }

    /// <summary>So many events come before the fresh ones and are to be read apart; 0: they are all here.</summary>
    public long PastToRead { get; init; }

    public int Generation { get; init; }

    /// <summary>Of an agent run: identity seeds in force, oldest first.</summary>
    public IReadOnlyList<IdentitySeed> Seeds { get; init; } = [];
}

/// <summary>An activity to be run once or, after a loss, once more.</summary>
public sealed record TakenActivity(
    string InstanceId, int TaskId, string Name, string? Version, string? Input, TraceLink? Trace, string Token)
    : TakenItem(InstanceId, Token);

/// <summary>An attempt of an activity of an agent run: its effects and its text belong to this token.</summary>
public sealed record TakenAttempt(ActivityWorkItem Work, string Token) : TakenItem(Work.InstanceId, Token);

/// <summary>Nobody waits any more for the attempt that was taken under this token.</summary>
public sealed record StoppedAttempt(string Token) : TakenItem("", Token);

/// <summary>What a worker offers to do.</summary>
public sealed record WorkOffer
{
    /// <summary>Turns at once.</summary>
    public int TurnsMax { get; init; } = 100;

    /// <summary>Activities at once.</summary>
    public int ActivitiesMax { get; init; } = 100;

    /// <summary>Names this process, and before the last '/' the place where it notes what it does; null: it has no name.</summary>
    public string? Key { get; init; }

    /// <summary>It may keep executions between their turns, and asks for their history where it does not.</summary>
    public bool KeepsExecutions { get; init; }

    /// <summary>It runs the code of agent runs.</summary>
    public bool RunsAgents { get; init; }

    /// <summary>The orchestrators it runs, by name and version (null: any); null: all.</summary>
    public IReadOnlyList<(string Name, string? Version)>? Orchestrators { get; init; }

    /// <summary>The activities it runs, by name; given where <see cref="Orchestrators"/> is.</summary>
    public IReadOnlyList<string> Activities { get; init; } = [];
}
