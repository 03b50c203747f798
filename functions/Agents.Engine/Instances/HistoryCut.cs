using Agents.Contracts.Effects;
using Agents.Contracts.History;

namespace Agents.Engine.Instances;

/// <summary>
/// Where a history can be cut: before the OrchestratorStarted of a turn. <see cref="Kept"/> are that turn's incoming
/// events that still count; they are taken in anew behind the cut. What is open at the cut is open again.
/// </summary>
internal sealed record HistoryCut(
    long Sequence, IReadOnlyList<HistoryEvent> Kept, IReadOnlyList<SubOrchestrationInstanceCreated> OpenChildren, IReadOnlyList<string> OpenEffects)
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
    /// Before the first failed result that led to the failure: the last failed task or child, the first failure of the
    /// same call where it was a retry, and failures of what was asked for beside it. What else was open at the cut and has
    /// ended well since keeps its result. Null when nothing failed.
    /// </summary>
    public static HistoryCut? BeforeFailure(IReadOnlyList<SequencedEvent> events)
    {
        var calls = Calls(events);
        var turns = new HashSet<int>();
        var first = -1;
        var retries = true;
        Call? last = null;
        for (var i = events.Count - 1; i >= 0; i--)
        {
            var e = events[i].Event;
            if (Resolves(e) is not { } id || !calls.TryGetValue(id, out var call))
            {
                continue;
            }

            if (e is TaskCompleted or SubOrchestrationInstanceCompleted)
            {
                retries &= first < 0 || turns.Contains(call.Turn);
            }
            else if (last is null || turns.Contains(call.Turn) || (retries && call.Asks == last.Asks))
            {
                last ??= call;
                turns.Add(call.Turn);
                first = i;
            }
        }

        return first < 0 ? null : Build(events, TurnOf(events, first), IsNoFailure, later: true);
    }

    /// <summary>Before the turn in which the orchestrator itself gave up; null when that is its first.</summary>
    public static HistoryCut? BeforeEnd(IReadOnlyList<SequencedEvent> events)
    {
        var index = TurnOf(events, events.Count - 1);
        return index <= 0 || !events.Take(index).Any(e => e.Event is ExecutionStarted) ? null : Build(events, index, _ => true);
    }

    /// <summary>Whether the last turn took in a failed task and ended the execution.</summary>
    public static bool EndedByFailure(IReadOnlyList<SequencedEvent> events)
    {
        var last = events.Select(e => e.Event).Reverse().TakeWhile(e => e is not OrchestratorStarted).ToList();
        return last.Exists(e => e is ExecutionCompleted) && last.Exists(e => e is TaskFailed);
    }

    /// <summary>What was asked for (kind, name, input), and in which turn.</summary>
    sealed record Call((string Kind, string Name, string? Input) Asks, int Turn);

    static Dictionary<int, Call> Calls(IReadOnlyList<SequencedEvent> events)
    {
        var calls = new Dictionary<int, Call>();
        var turn = 0;
        for (var i = 0; i < events.Count; i++)
        {
            switch (events[i].Event)
            {
                case OrchestratorStarted:
                    turn = i;
                    break;
                case TaskScheduled e:
                    calls[e.EventId] = new Call((nameof(TaskScheduled), e.Name, e.Input), turn);
                    break;
                case SubOrchestrationInstanceCreated e:
                    calls[e.EventId] = new Call((nameof(SubOrchestrationInstanceCreated), e.Name, e.Input), turn);
                    break;
                default:
                    break;
            }
        }

        return calls;
    }

    static int TurnOf(IReadOnlyList<SequencedEvent> events, int index)
    {
        while (index > 0 && events[index].Event is not OrchestratorStarted)
        {
            index--;
        }

        return index;
    }

    static bool IsNoFailure(HistoryEvent e) => e is not (TaskFailed or SubOrchestrationInstanceFailed);

    /// <summary>With <paramref name="later"/>, later turns' results of what was open at the cut are kept too.</summary>
    static HistoryCut Build(IReadOnlyList<SequencedEvent> events, int index, Func<HistoryEvent, bool> keep, bool later = false)
    {
        var state = new InstanceState();
        for (var i = 0; i < index; i++)
        {
            state.Apply(events[i]);
        }

        var first = events.Skip(index + 1).Select(e => e.Event).TakeWhile(e => e is not OrchestratorStarted).ToList();
        var rest = later
            ? events.Skip(index + 1 + first.Count).Select(e => e.Event)
                .Where(e => e is TaskCompleted or SubOrchestrationInstanceCompleted or EventRaised)
            : [];
        var kept = first
            .Where(e => e is TaskCompleted or TaskFailed or TimerFired or EventRaised or ExecutionSuspended
                or ExecutionResumed or SubOrchestrationInstanceCompleted or SubOrchestrationInstanceFailed)
            .Concat(rest)
            .Where(e => keep(e) && (Resolves(e) is not { } id || state.Tasks.ContainsKey(id) || state.Children.ContainsKey(id)))
            .ToList();
        var resolved = kept.Select(Resolves).OfType<int>().ToHashSet();
        return new HistoryCut(
            events[index].Sequence,
            kept,
            [.. events.Take(index).Select(e => e.Event).OfType<SubOrchestrationInstanceCreated>()
                .Where(c => state.Children.ContainsKey(c.EventId) && !resolved.Contains(c.EventId))],
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
