using Agents.Contracts.Effects;
using Agents.Contracts.History;

namespace Agents.Engine.Instances;

/// <summary>
/// Where a history can be cut: before the OrchestratorStarted of a turn. <see cref="Kept"/> are that turn's incoming
/// events that still count; they are taken in anew behind the cut. What is open at the cut is open again.
/// </summary>
internal sealed record HistoryCut(
    long Sequence, IReadOnlyList<HistoryEvent> Kept, IReadOnlyList<string> OpenChildren, IReadOnlyList<string> OpenEffects)
{
    /// <summary>At a given turn; null where no turn begins there, or it is the first (that is a restart).</summary>
    public static HistoryCut? At(IReadOnlyList<SequencedEvent> events, long sequence)
    {
        var index = IndexOf(events, sequence);
        return index <= 0 || events[index].Event is not OrchestratorStarted || !events.Take(index).Any(e => e.Event is ExecutionStarted)
            ? null
            : Build(events, index, _ => true);
    }

    /// <summary>
    /// Before the first failed result that led to the failure: the last failed task or child and, where it was a retry,
    /// the first failure of the same call. Null when no task failed.
    /// </summary>
    public static HistoryCut? BeforeFailure(IReadOnlyList<SequencedEvent> events)
    {
        var scheduled = events.Select(e => e.Event).OfType<TaskScheduled>().ToDictionary(e => e.EventId);
        var first = -1;
        TaskScheduled? call = null;
        for (var i = events.Count - 1; i >= 0; i--)
        {
            if (events[i].Event is SubOrchestrationInstanceFailed && first < 0)
            {
                first = i;
                break;
            }

            if (events[i].Event is TaskCompleted && first >= 0)
            {
                break;
            }

            if (events[i].Event is TaskFailed failed && scheduled.TryGetValue(failed.TaskScheduledId, out var asked)
                && (call is null || (call.Name == asked.Name && call.Input == asked.Input)))
            {
                call = asked;
                first = i;
            }
        }

        if (first < 0)
        {
            return null;
        }

        while (first > 0 && events[first].Event is not OrchestratorStarted)
        {
            first--;
        }

        return Build(events, first, e => e is not (TaskFailed or SubOrchestrationInstanceFailed));
    }

    static HistoryCut Build(IReadOnlyList<SequencedEvent> events, int index, Func<HistoryEvent, bool> keep)
    {
        var state = new InstanceState();
        for (var i = 0; i < index; i++)
        {
            state.Apply(events[i]);
        }

        var kept = events.Skip(index + 1).Select(e => e.Event).TakeWhile(e => e is not OrchestratorStarted)
            .Where(e => e is TaskCompleted or TaskFailed or TimerFired or EventRaised or ExecutionSuspended
                or ExecutionResumed or SubOrchestrationInstanceCompleted or SubOrchestrationInstanceFailed)
            .Where(keep).ToList();
        var resolved = kept.Select(Resolves).OfType<int>().ToHashSet();
        return new HistoryCut(
            events[index].Sequence,
            kept,
            [.. state.Children.Where(c => !resolved.Contains(c.Key)).Select(c => c.Value)],
            [.. state.Tasks.Values
                .Where(t => t.Scheduled.Effect is { Class: EffectClass.AtMostOnce } && !resolved.Contains(t.Scheduled.EventId))
                .Select(t => t.Scheduled.Effect!.Tool)]);
    }

    static int? Resolves(HistoryEvent e) => e switch
    {
        TaskCompleted c => c.TaskScheduledId,
        TaskFailed f => f.TaskScheduledId,
        SubOrchestrationInstanceCompleted c => c.TaskScheduledId,
        SubOrchestrationInstanceFailed f => f.TaskScheduledId,
        _ => null,
    };

    static int IndexOf(IReadOnlyList<SequencedEvent> events, long sequence)
    {
        for (var i = 0; i < events.Count; i++)
        {
            if (events[i].Sequence == sequence)
            {
                return i;
            }
        }

        return -1;
    }
}
