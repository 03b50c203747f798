using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Engine.Store;
using Agents.Engine.Work;

namespace Agents.Engine.Effects;

/// <summary>What becomes of a task once an attempt has ended.</summary>
internal enum TaskFate
{
    /// <summary>The event closes it.</summary>
    Closed = 0,

    /// <summary>Nothing happened: another attempt may be made.</summary>
    TryAgain = 1,

    /// <summary>Nobody can tell what happened: a person decides.</summary>
    InDoubt = 2,
}

/// <summary>Outcome of an attempt in terms of history and ledger. Pure.</summary>
internal sealed record Settlement(TaskFate Fate, HistoryEvent? Event, LedgerWrite? Ledger)
{
    public static Settlement Of(RunningActivity activity, ActivityOutcome outcome, DateTimeOffset now) =>
        activity.IsAtMostOnce ? OfEffect(activity, outcome, now) : OfRepeatable(activity.Item, outcome);

    static Settlement OfRepeatable(ActivityWorkItem item, ActivityOutcome outcome) => outcome switch
    {
        ActivityOutcome.Completed c => new(TaskFate.Closed, Completed(item, c.Result), null),
        ActivityOutcome.Failed f => new(TaskFate.Closed, Failed(item, f.Failure), null),
        ActivityOutcome.NotStarted or ActivityOutcome.Lost => new(TaskFate.TryAgain, null, null),
        _ => new(TaskFate.Closed, Failed(item, Misfit(outcome)), null),
    };

    static Settlement OfEffect(RunningActivity activity, ActivityOutcome outcome, DateTimeOffset now)
    {
        var item = activity.Item;
        var reconciling = item.Mode == ActivityMode.Reconcile;

        // A probe speaks about an attempt of somebody else, under this run's own fence: no token to compare.
        var token = reconciling ? null : item.AttemptToken;
        LedgerWrite Write(LedgerState state, string? receipt, string evidence) => new(
            activity.Entry(item.Effect!, state) with
            {
                Receipt = receipt,
                Evidence = evidence,
                SettledAt = state == LedgerState.InDoubt ? null : now,
            },
            token);

        return outcome switch
        {
            ActivityOutcome.Completed c => new(
                TaskFate.Closed, Completed(item, c.Result),
                Write(LedgerState.Receipt, c.Result, c.Evidence ?? (reconciling ? "probe" : "executor"))),
            ActivityOutcome.Failed f when !reconciling => new(
                TaskFate.Closed, Failed(item, f.Failure),
                Write(LedgerState.Absent, null, $"executor: failed before acting: {f.Failure.ErrorMessage}")),
            ActivityOutcome.Failed f => new(
                TaskFate.InDoubt, null, Write(LedgerState.InDoubt, null, $"probe failed: {f.Failure.ErrorMessage}")),
            ActivityOutcome.NotStarted when !reconciling => new(
                TaskFate.TryAgain, null, Write(LedgerState.Absent, null, "executor: not started in time")),
            // Lost: the entry stays an intent, and an intent that nobody here just wrote is asked about.
            ActivityOutcome.NotStarted or ActivityOutcome.Lost => new(TaskFate.TryAgain, null, null),
            ActivityOutcome.Absent a when reconciling => new(
                TaskFate.TryAgain, null, Write(LedgerState.Absent, null, $"probe: {a.Evidence}")),
            ActivityOutcome.InDoubt d => new(TaskFate.InDoubt, null, Write(LedgerState.InDoubt, null, d.Why)),
            _ => new(TaskFate.InDoubt, null, Write(LedgerState.InDoubt, null, Misfit(outcome).ErrorMessage)),
        };
    }

    public static TaskCompleted Completed(ActivityWorkItem item, string? result) =>
        new() { TaskScheduledId = item.TaskId, Result = result };

    static TaskFailed Failed(ActivityWorkItem item, FailureDetails failure) =>
        new() { TaskScheduledId = item.TaskId, Failure = failure };

    static FailureDetails Misfit(ActivityOutcome outcome) => new(
        "ActivityProtocolError", $"The activity host answered {outcome.GetType().Name}, which does not fit this attempt.",
        IsNonRetriable: true);
}
