using Agents.Contracts.Instances;

namespace Agents.Contracts.Work;

/// <summary>Activities of workers that connect to this process, asked for one at a time.</summary>
public interface IConnectedWorkers
{
    /// <summary>
    /// Hands the call to a worker that takes the activity, as soon as one is there, and returns what came of it.
    /// Cancelling takes it back; what a worker still answers then changes nothing.
    /// </summary>
    Task<WorkerAnswer> CallAsync(WorkerCall call, CancellationToken cancel);
}

/// <summary>One activity that a connected worker is to run.</summary>
public sealed record WorkerCall
{
    public required InstanceId InstanceId { get; init; }
    public required ExecutionId ExecutionId { get; init; }
    public required int TaskId { get; init; }

    /// <summary>Name and version as workers name them in their filters.</summary>
    public required string Name { get; init; }
    public string? Version { get; init; }
    public string? Input { get; init; }
    public IReadOnlyDictionary<string, string>? Tags { get; init; }
    public TraceLink? Trace { get; init; }

    /// <summary>
    /// Set where no second worker may ever have the call: the name of the attempt. What a worker answers under it after
    /// it was given up on is kept as evidence. Null: a call whose worker is lost goes to another.
    /// </summary>
    public CallAttempt? Once { get; init; }

    /// <summary>From when a worker has the call until it must have answered.</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>Asked immediately before a worker is given the call; false: it is not, and the answer is NotStarted. Must not block.</summary>
    public required Func<bool> MayGo { get; init; }

    /// <summary>Ends once what came of the call is committed: a worker is told "taken" then, and forgets it.</summary>
    public required Task Kept { get; init; }

    /// <summary>Told true when no connected worker takes the activity, false when one does. Must not block.</summary>
    public required Action<bool> Unserved { get; init; }
}

/// <summary>One attempt of one effect, by ledger key and attempt token.</summary>
public sealed record CallAttempt(string Key, string Token);

/// <summary>What came of a call.</summary>
public abstract record WorkerAnswer
{
    /// <summary>JSON text as the worker's SDK wrote it.</summary>
    public sealed record Completed(string? Result) : WorkerAnswer;

    public sealed record Failed(FailureDetails Failure) : WorkerAnswer;

    /// <summary>It was not handed out: it may not begin any more.</summary>
    public sealed record NotStarted : WorkerAnswer;

    /// <summary>A worker has it, or had it, and nobody can say what came of it.</summary>
    public sealed record Lost(string Why) : WorkerAnswer;
}

/// <summary>What a worker said of a call that may be run once only, after it was given up on.</summary>
public sealed record LateAnswer(InstanceId InstanceId, CallAttempt Attempt, WorkerAnswer Answer);
