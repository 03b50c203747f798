using System.Text.Json;
using Agents.Contracts;
using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Engine.History;
using Agents.Engine.Store;

namespace Agents.Engine.Instances;

/// <summary>
/// Decides what a turn takes in: which inbox rows become events, which are dropped, which completions count. Pure: same
/// state and input, same answer.
/// </summary>
internal sealed class Intake(InstanceState state, string executionId)
{
    readonly List<HistoryEvent> _events = [];
    readonly List<EventRaised> _carried = [];
    readonly HashSet<int> _resolved = [];
    ExecutionStarted? _start;
    ExecutionTerminated? _terminated;
    bool _suspended = state.Suspended;

    public List<long> Consumed { get; } = [];

    public List<EffectResolution> Resolutions { get; } = [];

    /// <summary>Rows among <see cref="Consumed"/> that held a resolution.</summary>
    public List<long> ResolutionRows { get; } = [];

    /// <summary>Events that no row of the inbox holds: what attempts of this owner came to, and what was resolved.</summary>
    public List<HistoryEvent> Outcomes { get; } = [];

    /// <summary>Results that came for something that is not open (counted, never an event).</summary>
    public int Dropped { get; private set; }

    public bool HasEvents => _start is not null || _terminated is not null || _events.Count > 0 || _carried.Count > 0;

    /// <summary>Whether user code has begun or begins in this turn.</summary>
    public bool Started => state.Start is not null || _start is not null;

    public bool Terminates => _terminated is not null;

    /// <summary>Whether the instance is suspended once this turn is in.</summary>
    public bool Suspended => _suspended;

    /// <summary>Whether this turn brings the outcome of that task, timer or child.</summary>
    public bool Resolves(int id) => _resolved.Contains(id);

    /// <summary>
    /// What time the turn has: never before the event before it, nor before a timer that fires in it (a fork takes over
    /// one that fired, perhaps on a node whose clock is behind).
    /// </summary>
    public DateTimeOffset TurnTime(DateTimeOffset now)
    {
        var time = now > state.LastTimestamp ? now : state.LastTimestamp;
        foreach (var e in _events)
        {
            if (e is TimerFired fired && fired.FireAt > time)
            {
                time = fired.FireAt;
            }
        }

        return time;
    }

    /// <summary>Events of the turn in order: start, terminate, what was carried over, the rest as it came.</summary>
    public List<HistoryEvent> Events(DateTimeOffset timestamp)
    {
        var all = new List<HistoryEvent>(_events.Count + 3) { new OrchestratorStarted { Timestamp = timestamp } };
        if (_start is not null)
        {
            all.Add(_start with { Timestamp = timestamp });
        }

        if (_terminated is not null)
        {
            all.Add(_terminated with { Timestamp = timestamp });
        }

        foreach (var e in _carried.Concat(_events))
        {
            all.Add(e with { Timestamp = timestamp });
        }

        return all;
    }

    public void Take(InboxRow row)
    {
        Consumed.Add(row.Id);
        if (row.Message.ExecutionId is { } bound && bound != executionId)
        {
            Dropped++;
            return;
        }

        if (row.Message.Kind == InboxKind.EffectResolution)
        {
            ResolutionRows.Add(row.Id);
            Resolutions.Add(JsonSerializer.Deserialize(row.Message.Body.Span, ContractsJson.Default.EffectResolution)!);
            return;
        }

        var e = HistoryCodec.DecodeOne(row.Message.Body);
        if (e is EventRaised carried && row.Message.ExecutionId is not null && !state.IsStarted)
        {
            _carried.Add(carried);
            return;
        }

        Take(e);
    }

    /// <summary>Takes what no row of the inbox holds.</summary>
    public void TakeOutcome(HistoryEvent e)
    {
        if (Take(e))
        {
            Outcomes.Add(e);
        }
    }

    /// <summary>Takes an event if the state has a place for it; returns whether it did.</summary>
    public bool Take(HistoryEvent e)
    {
        var taken = e switch
        {
            ExecutionStarted s => TakeStart(s),
            ExecutionTerminated t => TakeTerminated(t),
            ExecutionSuspended => TakeSuspended(e),
            ExecutionResumed => TakeResumed(e),
            TaskCompleted c => TakeResult(state.Tasks.ContainsKey(c.TaskScheduledId), c.TaskScheduledId, e),
            TaskFailed f => TakeResult(state.Tasks.ContainsKey(f.TaskScheduledId), f.TaskScheduledId, e),
            SubOrchestrationInstanceCompleted c =>
                TakeResult(state.Children.ContainsKey(c.TaskScheduledId), c.TaskScheduledId, e),
            SubOrchestrationInstanceFailed f =>
                TakeResult(state.Children.ContainsKey(f.TaskScheduledId), f.TaskScheduledId, e),
            TimerFired t => TakeResult(state.Timers.ContainsKey(t.TimerId), t.TimerId, e),
            EventRaised or ExecutionRewound => Add(e),
            _ => false,
        };
        Dropped += taken ? 0 : 1;
        return taken;
    }

    public void TakeDueTimers(DateTimeOffset now)
    {
        if (state.Timers.Count == 0)
        {
            return;
        }

        foreach (var (id, fireAt) in state.Timers.Where(t => t.Value <= now).OrderBy(t => t.Value).ThenBy(t => t.Key))
        {
            Take(new TimerFired { TimerId = id, FireAt = fireAt });
        }
    }

    bool TakeStart(ExecutionStarted s)
    {
        if (Started)
        {
            return false;
        }

        _start = s;
        return true;
    }

    bool TakeTerminated(ExecutionTerminated t)
    {
        if (_terminated is not null)
        {
            return false;
        }

        _terminated = t;
        return true;
    }

    bool TakeSuspended(HistoryEvent e)
    {
        if (_suspended)
        {
            return false;
        }

        _suspended = true;
        return Add(e);
    }

    bool TakeResumed(HistoryEvent e)
    {
        if (!_suspended)
        {
            return false;
        }

        _suspended = false;
        return Add(e);
    }

    // Task, timer and child ids come from one counter, so one set keeps one outcome for each.
    bool TakeResult(bool open, int id, HistoryEvent e) => open && _resolved.Add(id) && Add(e);

    bool Add(HistoryEvent e)
    {
        _events.Add(e);
        return true;
    }
}
