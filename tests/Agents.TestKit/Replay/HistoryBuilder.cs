using Agents.Contracts.Actions;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;

namespace Agents.TestKit.Replay;

/// <summary>Writes a history by hand, turn by turn: each begins with OrchestratorStarted one second after the last.</summary>
public sealed class HistoryBuilder
{
    public static readonly DateTimeOffset Epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    readonly List<SequencedEvent> _events = [];
    DateTimeOffset _now = Epoch;

    public IReadOnlyList<SequencedEvent> Events => _events;

    public static OrchestratorIdentity Identity(string instance = "run-1", int generation = 0) => new(
        new InstanceId(instance),
        new ExecutionId("0123456789abcdef0123456789abcdef"),
        generation,
        [new IdentitySeed(0, "0123456789abcdef0123456789abcdef", instance)]);

    public static ExecutionStarted Start(string name, string? input = null, string? version = null) => new()
    {
        Name = name,
        Input = input,
        Version = version,
        InstanceId = "run-1",
        ExecutionId = "0123456789abcdef0123456789abcdef",
    };

    public HistoryBuilder Turn(params HistoryEvent[] events)
    {
        Append(new OrchestratorStarted { Timestamp = _now });
        foreach (var e in events)
        {
            Append(e with { Timestamp = _now });
        }

        _now += TimeSpan.FromSeconds(1);
        return this;
    }

    /// <summary>The events that an engine writes for these actions.</summary>
    public static IEnumerable<HistoryEvent> EventsOf(IEnumerable<OrchestratorAction> actions) =>
        actions.Select(static action => (HistoryEvent)(action switch
        {
            ScheduleTaskAction a => new TaskScheduled
            {
                EventId = a.Id, Name = a.Name, Version = a.Version, Input = a.Input, Tags = a.Tags, Effect = a.Effect,
            },
            CreateTimerAction a => new TimerCreated { EventId = a.Id, FireAt = a.FireAt },
            CreateSubOrchestrationAction a => new SubOrchestrationInstanceCreated
            {
                EventId = a.Id, InstanceId = a.InstanceId, Name = a.Name, Version = a.Version, Input = a.Input,
                Tags = a.Tags,
            },
            SendEventAction a => new EventSent { EventId = a.Id, InstanceId = a.InstanceId, Name = a.Name, Input = a.Input },
            CompleteOrchestrationAction a => new ExecutionCompleted
            {
                EventId = a.Id, Status = a.Status, Result = a.Result, Failure = a.Failure,
            },
            _ => throw new NotSupportedException($"no event for {action.GetType().Name}"),
        }));

    void Append(HistoryEvent e) => _events.Add(new SequencedEvent(_events.Count, e));
}
