using Agents.Contracts.History;
using Agents.Engine.Store;

namespace Agents.Engine.Instances;

/// <summary>What a turn writes and what is to be done once it is committed.</summary>
internal sealed class TurnDecision
{
    public required List<HistoryEvent> Events { get; init; }

    public StatusChange? Status { get; set; }

    public NextExecution? Next { get; set; }

    /// <summary>Null leaves the custom status as it is.</summary>
    public string? CustomStatus { get; set; }

    public List<InboxSend> Sends { get; } = [];

    public List<InstanceStart> Starts { get; } = [];

    /// <summary>AtMostOnce tasks scheduled in this turn: their intents may ride in this commit.</summary>
    public List<TaskScheduled> Intents { get; } = [];

    /// <summary>Instances that have something new after the commit.</summary>
    public List<string> Wakes { get; } = [];

    /// <summary>Those among them that are to end.</summary>
    public List<string> Ends { get; } = [];
}

/// <summary>Identity of the instance that decides; everything here is data.</summary>
internal sealed record TurnSubject(
    string InstanceId, string ExecutionId, int Generation, string Name, string? Version, ExecutionStarted? Start)
{
    /// <summary>Whose effects these are; null means the instance.</summary>
    public string? RunIdentity { get; init; }
}
