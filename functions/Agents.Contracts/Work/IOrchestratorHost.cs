using Agents.Contracts.Actions;
using Agents.Contracts.History;
using Agents.Contracts.Instances;

namespace Agents.Contracts.Work;

/// <summary>
/// The engine's way to orchestrator code. In one process it is a direct call on the hot continuation; split across
/// processes a remote stub implements the same three members.
/// </summary>
public interface IOrchestratorHost
{
    /// <summary>Whether code for this name and pinned version is here. "No" leaves the instance unclaimed.</summary>
    OrchestratorMatch Match(string name, string? version);

    /// <summary>Opens a session for one execution. Nothing runs until the first turn.</summary>
    IOrchestratorSession Open(OrchestratorIdentity identity);
}

/// <summary>Outcome of looking for orchestrator code.</summary>
public enum OrchestratorMatch
{
    Found = 0,

    /// <summary>No code of that name: the orchestration fails with OrchestratorTaskNotFound.</summary>
    UnknownName = 1,

    /// <summary>The name is known, this version is not served here: leave it for another worker.</summary>
    OtherVersion = 2,

    /// <summary>The name is known, the version is refused by policy: the orchestration fails with VersionMismatch.</summary>
    VersionRefused = 3,
}

/// <summary>
/// Who an execution is. <paramref name="Seeds"/> are the identity seeds in force, oldest first: events before a cut
/// replay under the seed of the execution they were copied from (engine rules, identity, fork and rewind).
/// </summary>
public sealed record OrchestratorIdentity(
    InstanceId InstanceId,
    ExecutionId ExecutionId,
    int Generation,
    IReadOnlyList<IdentitySeed> Seeds);

/// <summary>
/// From <paramref name="FromSequence"/> on, new ids are minted from <paramref name="Seed"/> and idempotency keys belong
/// to the run <paramref name="RunIdentity"/>: a rewind keeps the run identity, a fork is another run from its cut on.
/// </summary>
public sealed record IdentitySeed(long FromSequence, string Seed, string RunIdentity);

/// <summary>The continuation of one execution. Used by one caller at a time; never after a turn that was not committed.</summary>
public interface IOrchestratorSession : IDisposable
{
    /// <summary>
    /// Feeds events in order and runs the code until it waits. <paramref name="past"/> is committed history, given in
    /// the first call only (the events that actions caused are part of it and are matched one by one);
    /// <paramref name="fresh"/> begins with OrchestratorStarted and carries the sequences the engine will commit.
    /// Later calls pass an empty past: actions returned before count as committed.
    /// </summary>
    OrchestratorTurn Run(IReadOnlyList<SequencedEvent> past, IReadOnlyList<SequencedEvent> fresh);

    /// <summary>Bytes of managed memory this session is thought to hold; drives eviction.</summary>
    long ApproximateBytes { get; }
}

/// <summary>
/// What a turn asks for. <paramref name="CustomStatus"/> null leaves the status as it is. With a
/// <paramref name="Divergence"/> the actions are empty and the instance is parked.
/// </summary>
public sealed record OrchestratorTurn(
    IReadOnlyList<OrchestratorAction> Actions,
    string? CustomStatus,
    Divergence? Divergence)
{
    /// <summary>The execution's span, where a worker in another process names it anew; null leaves it as it is.</summary>
    public OrchestrationSpan? Span { get; init; }
}

/// <summary>First point where code and history disagree; each text is one line for a person.</summary>
public sealed record Divergence(long Sequence, string Event, string Expected, string Actual)
{
    public override string ToString() =>
        $"event {Sequence} ({Event}): history has {Expected}, the code asked for {Actual}";
}
