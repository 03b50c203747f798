using Agents.Contracts.History;
using Agents.Contracts.Instances;

namespace Agents.Engine.Instances;

/// <summary>What the engine must know of an execution: a fold over its events, and nothing else.</summary>
internal sealed class InstanceState
{
    readonly Dictionary<int, OpenTask> _tasks = [];
    readonly Dictionary<int, DateTimeOffset> _timers = [];
    readonly Dictionary<int, string> _children = [];

    /// <summary>Sequence of the next event.</summary>
    public long NextSequence { get; private set; }

    public ExecutionStarted? Start { get; private set; }

    public OrchestrationStatus Status { get; private set; } = OrchestrationStatus.Pending;

    public DateTimeOffset LastTimestamp { get; private set; }

    /// <summary>Highest number of an action that is in the history; numbers rise in call order. -1: none yet.</summary>
    public int LastActionId { get; private set; } = -1;

    public IReadOnlyDictionary<int, OpenTask> Tasks => _tasks;

    public IReadOnlyDictionary<int, DateTimeOffset> Timers => _timers;

    public IReadOnlyDictionary<int, string> Children => _children;

    public bool IsStarted => Start is not null;

    public bool Suspended => Status == OrchestrationStatus.Suspended;

    public void Apply(in SequencedEvent item)
    {
        NextSequence = item.Sequence + 1;
        if (item.Event.Timestamp > LastTimestamp)
        {
            LastTimestamp = item.Event.Timestamp;
        }

        if (item.Event is TaskScheduled or TimerCreated or SubOrchestrationInstanceCreated or EventSent)
        {
            LastActionId = Math.Max(LastActionId, item.Event.EventId);
        }

        switch (item.Event)
        {
            case ExecutionStarted e:
                Start = e;
                Status = OrchestrationStatus.Running;
                break;
            case ExecutionRewound e:
                Start = Start?.Under(e);
                break;
            case TaskScheduled e:
                _tasks[e.EventId] = new OpenTask(e, item.Sequence);
                break;
            case TaskCompleted e:
                _tasks.Remove(e.TaskScheduledId);
                break;
            case TaskFailed e:
                _tasks.Remove(e.TaskScheduledId);
                break;
            case TimerCreated e:
                _timers[e.EventId] = e.FireAt;
                break;
            case TimerFired e:
                _timers.Remove(e.TimerId);
                break;
            case SubOrchestrationInstanceCreated e:
                _children[e.EventId] = e.InstanceId;
                break;
            case SubOrchestrationInstanceCompleted e:
                _children.Remove(e.TaskScheduledId);
                break;
            case SubOrchestrationInstanceFailed e:
                _children.Remove(e.TaskScheduledId);
                break;
            case ExecutionSuspended:
                Status = OrchestrationStatus.Suspended;
                break;
            case ExecutionResumed:
                Status = OrchestrationStatus.Running;
                break;
            case ExecutionCompleted e:
                Status = e.Status;
                break;
            default:
                break;
        }
    }

    /// <summary>Earliest open timer; null: none.</summary>
    public DateTimeOffset? NextTimer()
    {
        DateTimeOffset? next = null;
        foreach (var at in _timers.Values)
        {
            if (next is null || at < next)
            {
                next = at;
            }
        }

        return next;
    }
}

/// <summary>An activity that is scheduled and has no result yet; that is the whole work item.</summary>
internal sealed record OpenTask(TaskScheduled Scheduled, long Sequence);
