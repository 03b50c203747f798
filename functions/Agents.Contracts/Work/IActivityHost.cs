using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Contracts.Instances;

namespace Agents.Contracts.Work;

/// <summary>The engine's way to activity code.</summary>
public interface IActivityHost
{
    /// <summary>Whether code for this activity is here; "no" fails the task with ActivityTaskNotFound.</summary>
    bool CanRun(string name, string? version);

    /// <summary>
    /// Runs or reconciles one activity. Every expected outcome is a return value; an exception counts as a failure
    /// that may be retried (for an AtMostOnce effect: as in doubt). The token is cancelled by terminate and shutdown.
    /// </summary>
    Task<ActivityOutcome> RunAsync(ActivityWorkItem item, IActivityContext context, CancellationToken cancel);
}

public enum ActivityMode
{
    Execute = 0,

    /// <summary>An earlier attempt may have acted: find out, do not act.</summary>
    Reconcile = 1,
}

/// <summary>One activity, ready to be run. Handed out only after the commit that scheduled it.</summary>
public sealed record ActivityWorkItem
{
    public required InstanceId InstanceId { get; init; }
    public required ExecutionId ExecutionId { get; init; }
    public required int Generation { get; init; }
    public required int TaskId { get; init; }

    /// <summary>Sequence of the TaskScheduled event.</summary>
    public required long ScheduledSequence { get; init; }
    public required string Name { get; init; }
    public string? Version { get; init; }
    public string? Input { get; init; }
    public IReadOnlyDictionary<string, string>? Tags { get; init; }
    public TraceLink? Trace { get; init; }
    public EffectIntent? Effect { get; init; }

    /// <summary>The instance that the first events of this execution, and with them its input, were written for; null: this one.</summary>
    public string? ForkOf { get; init; }
    public ActivityMode Mode { get; init; }

    /// <summary>Unique per attempt; the ledger refuses receipts of a stale one as results, and keeps them as evidence.</summary>
    public required string AttemptToken { get; init; }

    /// <summary>From 1; above 1 after a crash or takeover.</summary>
    public int Attempt { get; init; } = 1;

    /// <summary>Reconcile only: the process of every earlier attempt is proven to be gone.</summary>
    public bool PredecessorGone { get; init; }
}

/// <summary>What a running activity may ask of the engine.</summary>
public interface IActivityContext
{
    /// <summary>
    /// AtMostOnce: must be asked immediately before the effect; false means the start deadline has passed or the
    /// attempt is no longer the current one: return <see cref="ActivityOutcome.NotStarted"/> without acting.
    /// </summary>
    bool MayAct();

    /// <summary>Adds generated text to the run's stream; shown to readers once committed. Never blocks.</summary>
    void Publish(StreamDelta delta);

    /// <summary>Reads committed events of this instance.</summary>
    IHistorySource History { get; }

    /// <summary>Ends once the outcome of this attempt is committed or kept as evidence.</summary>
    Task Settled => Task.CompletedTask;

    /// <summary>The run is suspended or changes hands: what has not begun shall not begin; answer NotStarted.</summary>
    bool IsHeld => false;

    /// <summary>What is left of this attempt happens elsewhere: it takes no place among this node's own activities.</summary>
    void GoElsewhere()
    {
    }
}

/// <summary>
/// A piece of generated text. <paramref name="Kind"/> is "reasoning" or "content": the name of the string property of
/// the activity's result (a JSON object) that this text becomes a part of, so that stored deltas can be served from the
/// message later. Kind "retract" (empty text) voids what this attempt published before: publish it when the final
/// message does not begin with the text already given. Kind "waiting" is no part of the result but a note for people on
/// why the attempt has not begun; it is shown at once and must be taken back before the attempt ends.
/// </summary>
public sealed record StreamDelta(string Kind, string Text, int Tokens = 1)
{
    public const string Retract = "retract";
    public const string Waiting = "waiting";
}

/// <summary>Committed history of any generation of an instance.</summary>
public interface IHistorySource
{
    /// <summary>Events from <paramref name="fromSequence"/> on, in order, at most <paramref name="max"/>.</summary>
    ValueTask<IReadOnlyList<SequencedEvent>> ReadAsync(
        InstanceId instance, int generation, long fromSequence, int max, CancellationToken cancel);
}

public abstract record ActivityOutcome
{
    public sealed record Completed(string? Result, string? Evidence = null) : ActivityOutcome;

    public sealed record Failed(FailureDetails Failure) : ActivityOutcome;

    /// <summary>The start deadline passed before the effect: nothing happened; the engine starts a new attempt.</summary>
    public sealed record NotStarted : ActivityOutcome;

    /// <summary>Reconcile only: the effect is proven not to have happened and can no longer happen.</summary>
    public sealed record Absent(string Evidence) : ActivityOutcome;

    /// <summary>
    /// Whoever ran the attempt is gone, with or without having acted: an AtMostOnce effect is asked about next, anything
    /// else is done again.
    /// </summary>
    public sealed record Lost(string Why) : ActivityOutcome;

    /// <summary>Nobody can tell whether the effect happened: a person decides.</summary>
    public sealed record InDoubt(string Why) : ActivityOutcome;
}
