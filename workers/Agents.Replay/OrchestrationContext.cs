using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Contracts.Instances;

namespace Agents.Replay;

/// <summary>
/// What orchestrator code may use of the world; the vocabulary is the Durable Task SDK's. Everything here gives the
/// same answers on replay. Only tasks made here may be awaited.
/// </summary>
public abstract class OrchestrationContext
{
    public abstract string Name { get; }

    public abstract string? Version { get; }

    public abstract InstanceId InstanceId { get; }

    /// <summary>Differs between a run and its fork or rewind: nothing stored in an input may be made of it.</summary>
    public abstract ExecutionId ExecutionId { get; }

    /// <summary>
    /// Counts executions of this instance from 0 (continue-as-new, rewind, restart). Differs between a run and its fork or
    /// rewind, as <see cref="ExecutionId"/> does.
    /// </summary>
    public abstract int Generation { get; }

    public abstract ParentInstance? Parent { get; }

    /// <summary>
    /// Whose effects these are: the run id that idempotency keys are made from. In a fork, events before the cut answer
    /// with the parent's run id, so that they replay to the same keys; after it with the fork's own.
    /// </summary>
    public abstract string RunIdentity { get; }

    /// <summary>Constant inside a turn, equal on replay.</summary>
    public abstract DateTimeOffset CurrentUtcDateTime { get; }

    public abstract bool IsReplaying { get; }

    /// <summary>The input as stored; null when none was given.</summary>
    public abstract string? RawInput { get; }

    /// <summary>Where the input is kept: the ExecutionStarted event.</summary>
    public abstract EventReference InputReference { get; }

    /// <summary>
    /// Schedules an activity and returns its result as stored, with the place where it is kept. Throws
    /// <see cref="TaskFailedException"/>; retries by <see cref="TaskOptions.Retry"/> are durable timers.
    /// </summary>
    public abstract Task<RawResult> CallActivityRawAsync(string name, string? input, TaskOptions? options = null);

    /// <summary>Completes at or after the time. Cancelling makes the task cancelled; the timer is then ignored.</summary>
    public abstract Task CreateTimer(DateTimeOffset fireAt, CancellationToken cancel = default);

    /// <summary>
    /// The next event of that name (names ignore case), buffered ones first. A waiter that is cancelled gives its place
    /// up and takes no event.
    /// </summary>
    public abstract Task<RawEvent> WaitForExternalEventRaw(string name, CancellationToken cancel = default);

    public abstract Task<string?> CallSubOrchestratorRawAsync(string name, string? input, SubOrchestrationOptions? options = null);

    public abstract void SendEvent(string instanceId, string name, string? input);

    /// <summary>Ends this execution when the orchestrator returns and begins a new one with this input.</summary>
    public abstract void ContinueAsNewRaw(string? input, bool preserveUnprocessedEvents = true, string? newVersion = null);

    public abstract void SetCustomStatusRaw(string? json);

    /// <summary>UUID version 5 from identity seed, time and a counter.</summary>
    public abstract Guid NewGuid();
}

/// <summary>
/// A result as stored and the event that holds it. Inputs name it by sequence or task id, never by the generation in the
/// reference: a fork or rewind replays the same events in another generation.
/// </summary>
public sealed record RawResult(string? Value, EventReference Reference, int TaskId);

public sealed record RawEvent(string Name, string? Input, EventReference Reference);

public sealed record TaskOptions
{
    public RetryPolicy? Retry { get; init; }
    public string? Version { get; init; }
    public IReadOnlyDictionary<string, string>? Tags { get; init; }
    public EffectIntent? Effect { get; init; }
}

public sealed record SubOrchestrationOptions
{
    public string? InstanceId { get; init; }
    public string? Version { get; init; }
    public RetryPolicy? Retry { get; init; }
    public IReadOnlyDictionary<string, string>? Tags { get; init; }
}

/// <summary>Delay n is min(first * coefficient^n, max); each wait is a durable timer, each attempt a new task id.</summary>
public sealed record RetryPolicy(int MaxNumberOfAttempts, TimeSpan FirstRetryInterval)
{
    public double BackoffCoefficient { get; init; } = 1.0;
    public TimeSpan MaxRetryInterval { get; init; } = TimeSpan.FromHours(1);
    public TimeSpan RetryTimeout { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>False ends the retries. Must be deterministic.</summary>
    public Func<FailureDetails, bool>? HandleFailure { get; init; }

    /// <summary>Delay asked for by the failure itself (Retry-After); null: the policy's own delay. Must be deterministic.</summary>
    public Func<FailureDetails, TimeSpan?>? DelayFromFailure { get; init; }
}

/// <summary>An activity or a sub-orchestration failed, retries included.</summary>
public sealed class TaskFailedException(string taskName, int taskId, FailureDetails failure)
    : Exception($"Task '{taskName}' (#{taskId}) failed with {failure.ErrorType}: {failure.ErrorMessage}")
{
    public string TaskName { get; } = taskName;

    public int TaskId { get; } = taskId;

    public FailureDetails Failure { get; } = failure;
}
