using Agents.Contracts.History;
using Agents.Contracts.Instances;

namespace Agents.Contracts.Work;

/// <summary>
/// Orchestrators and activities whose code is in processes that connect and take work items. What is handed out is
/// committed; what comes back is fenced by its own token before it reaches the engine.
/// </summary>
public interface IRemoteWork
{
    /// <summary>Whether instances of this orchestrator, and all their activities, belong to connected workers.</summary>
    bool IsRemote(string name, string? version);

    /// <summary>
    /// Of a remote orchestrator: whether its activities stay with the node all the same, attempt by attempt, with ledger and
    /// stream. They run wherever the node's activity host has them run; only the turns are handed out here.
    /// </summary>
    bool KeepsActivities(string name, string? version) => false;

    /// <summary>Opens a session for one execution. Nothing is handed out until the first turn.</summary>
    IRemoteSession Open(RemoteExecution execution);

    /// <summary>Hands an activity to the workers. Its result comes back as a row in the instance's inbox.</summary>
    void Offer(ActivityWorkItem item);

    /// <summary>
    /// Takes back the activities of an execution that no worker has taken yet, and returns their task ids. With
    /// <paramref name="over"/> nobody waits for the others either: what they still answer is dropped.
    /// </summary>
    IReadOnlyList<int> Withdraw(InstanceId instance, ExecutionId execution, bool over);
}

/// <summary>What a remote session is about.</summary>
public sealed record RemoteExecution(
    InstanceId InstanceId, ExecutionId ExecutionId, int Generation, string Name, string? Version)
{
    /// <summary>Identity seeds in force, oldest first; for workers that run the code as this program would.</summary>
    public IReadOnlyList<IdentitySeed> Seeds { get; init; } = [];
}

/// <summary>One execution as its workers see it. Used by one caller at a time.</summary>
public interface IRemoteSession : IDisposable
{
    /// <summary>
    /// Hands out a turn. <paramref name="past"/> is committed history, given in the first call only; what
    /// <see cref="Committed"/> told belongs to it in later ones.
    /// </summary>
    IRemoteTurn Begin(IReadOnlyList<SequencedEvent> past, IReadOnlyList<HistoryEvent> fresh);

    /// <summary>These events follow in the history, whoever asked for them.</summary>
    void Committed(IReadOnlyList<HistoryEvent> events);

    /// <summary>Bytes of managed memory this session is thought to hold; drives eviction.</summary>
    long ApproximateBytes { get; }
}

/// <summary>A turn that waits for a worker or is with one.</summary>
public interface IRemoteTurn
{
    /// <summary>What the worker asked for; null: withdrawn before it answered.</summary>
    Task<OrchestratorTurn?> Answer { get; }

    /// <summary>Takes the turn back. An answer that comes later changes nothing.</summary>
    void Withdraw();

    /// <summary>
    /// What became of the answer: true once it is committed, so that the worker may be told; false when nothing of it
    /// was written.
    /// </summary>
    void Settle(bool committed);
}
