using System.Text.Json;
using Agents.Contracts;
using Agents.Contracts.Actions;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Runs;
using Agents.Contracts.Work;
using Agents.Loop;
using Agents.Replay;

using Xunit;

namespace Agents.Tests.Loop;

/// <summary>
/// The smallest engine that can carry a run: a list as history, a clock that jumps to the next timer, one turn at a
/// time. Every turn is run a second time cold, from the history alone, and must ask for the same.
/// </summary>
sealed class FakeEngine
{
    public delegate Task<ActivityOutcome> Activity(ActivityWorkItem item, FakeActivityContext context);

    readonly IOrchestratorHost _host;
    readonly Activity _activity;
    readonly OrchestratorIdentity _identity;
    readonly List<SequencedEvent> _history = [];
    readonly List<ActivityWorkItem> _open = [];
    readonly SortedList<(DateTimeOffset, int), CreateTimerAction> _timers = [];
    readonly Queue<HistoryEvent> _raised = new();
    IOrchestratorSession _session;
    CompleteOrchestrationAction? _end;

    public FakeEngine(Activity activity, string instance = "run-1", IOrchestratorHost? host = null)
    {
        _activity = activity;
        _host = host ?? new OrchestratorHost([AgentRun.Registration]);
        var execution = new ExecutionId("0123456789abcdef0123456789abcdef");
        _identity = new OrchestratorIdentity(
            new InstanceId(instance), execution, 0, [new IdentitySeed(0, execution.Value, instance)]);
        _session = _host.Open(_identity);
    }

    public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public IReadOnlyList<SequencedEvent> History => _history;

    public IReadOnlyList<ActivityWorkItem> Open => _open;

    /// <summary>Most activities that were open at once.</summary>
    public int OpenMax { get; private set; }

    public bool CheckReplay { get; init; } = true;

    /// <summary>Which open activity ends next; the oldest unless told.</summary>
    public Func<IReadOnlyList<ActivityWorkItem>, int> Choose { get; init; } = _ => 0;

    public IEnumerable<TaskScheduled> Scheduled(string name) =>
        _history.Select(e => e.Event).OfType<TaskScheduled>().Where(t => t.Name == name);

    public void Raise(string name, string? input) => _raised.Enqueue(new EventRaised { Name = name, Input = input });

    /// <summary>Forgets the continuation; the next turn replays the history in a new session.</summary>
    public void Evict()
    {
        _session.Dispose();
        _session = _host.Open(_identity);
        _cold = true;
    }

    bool _cold;

    public async Task<RunOutput> RunAsync(RunInput input)
    {
        await RunRawAsync(JsonSerializer.Serialize(input, ContractsJson.Plain.RunInput));
        return _end!.Status == OrchestrationStatus.Completed
            ? JsonSerializer.Deserialize(_end.Result!, ContractsJson.Default.RunOutput)!
            : throw new InvalidOperationException($"{_end.Status}: {_end.Failure?.ErrorMessage}");
    }

    public async Task<CompleteOrchestrationAction> RunRawAsync(string? input)
    {
        Turn(new ExecutionStarted
        {
            Name = AgentRun.Name,
            Version = AgentRun.Version,
            Input = input,
            InstanceId = _identity.InstanceId.Value,
            ExecutionId = _identity.ExecutionId.Value,
        });
        while (_end is null)
        {
            Turn(await NextAsync());
        }

        return _end;
    }

    async Task<HistoryEvent> NextAsync()
    {
        if (_raised.TryDequeue(out var raised))
        {
            return raised;
        }

        if (_open.Count > 0)
        {
            var item = _open[Choose(_open)];
            var outcome = await _activity(item, new FakeActivityContext(this));
            _open.Remove(item);
            return outcome switch
            {
                ActivityOutcome.Completed done => new TaskCompleted { TaskScheduledId = item.TaskId, Result = done.Result },
                ActivityOutcome.Failed failed => new TaskFailed { TaskScheduledId = item.TaskId, Failure = failed.Failure },
                _ => throw new InvalidOperationException($"the fake engine keeps no ledger: {outcome}"),
            };
        }

        if (_timers.Count == 0)
        {
            throw new InvalidOperationException("the run waits for nothing");
        }

        var timer = _timers.Values[0];
        _timers.RemoveAt(0);
        Now = timer.FireAt > Now ? timer.FireAt : Now;
        return new TimerFired { TimerId = timer.Id, FireAt = timer.FireAt };
    }

    void Turn(HistoryEvent cause)
    {
        SequencedEvent[] fresh =
        [
            new(_history.Count, new OrchestratorStarted { Timestamp = Now }),
            new(_history.Count + 1, cause with { Timestamp = Now }),
        ];
        var turn = _session.Run(_cold ? [.. _history] : [], fresh);
        _cold = false;
        if (turn.Divergence is { } divergence)
        {
            throw new InvalidOperationException(divergence.ToString());
        }

        if (CheckReplay)
        {
            using var again = _host.Open(_identity);
            var second = again.Run([.. _history], fresh);
            if (second.Divergence is { } other)
            {
                throw new InvalidOperationException(other.ToString());
            }

            Assert.Equal(turn.Actions.Select(Told), second.Actions.Select(Told));
        }

        _history.AddRange(fresh);
        foreach (var action in turn.Actions)
        {
            Take(action);
        }

        OpenMax = Math.Max(OpenMax, _open.Count);
    }

    void Take(OrchestratorAction action)
    {
        switch (action)
        {
            case ScheduleTaskAction task:
                _open.Add(new ActivityWorkItem
                {
                    InstanceId = _identity.InstanceId,
                    ExecutionId = _identity.ExecutionId,
                    Generation = 0,
                    TaskId = task.Id,
                    ScheduledSequence = _history.Count,
                    Name = task.Name,
                    Version = task.Version,
                    Input = task.Input,
                    Tags = task.Tags,
                    Effect = task.Effect,
                    AttemptToken = $"attempt-{task.Id}",
                });
                Append(new TaskScheduled
                {
                    EventId = task.Id,
                    Name = task.Name,
                    Version = task.Version,
                    Input = task.Input,
                    Tags = task.Tags,
                    Effect = task.Effect,
                });
                break;
            case CreateTimerAction timer:
                _timers.Add((timer.FireAt, timer.Id), timer);
                Append(new TimerCreated { EventId = timer.Id, FireAt = timer.FireAt });
                break;
            case CompleteOrchestrationAction end:
                _end = end;
                Append(new ExecutionCompleted { EventId = end.Id, Status = end.Status, Result = end.Result, Failure = end.Failure });
                break;
            default:
                throw new InvalidOperationException($"the agent loop asks for no {action.GetType().Name}");
        }
    }

    void Append(HistoryEvent e) => _history.Add(new SequencedEvent(_history.Count, e with { Timestamp = Now }));

    static string Told(OrchestratorAction action) => action switch
    {
        ScheduleTaskAction t => $"{t.Id} {t.Name} {t.Input} {t.Effect}",
        CreateTimerAction t => $"{t.Id} timer {t.FireAt:O}",
        CompleteOrchestrationAction c => $"{c.Id} {c.Status} {c.Result} {c.Failure?.ErrorMessage}",
        _ => action.ToString(),
    };
}

/// <summary>What an activity may ask; keeps what it published and how often history was read.</summary>
sealed class FakeActivityContext(FakeEngine engine) : IActivityContext, IHistorySource
{
    public List<StreamDelta> Published { get; } = [];

    public int Reads { get; private set; }

    public Func<bool> Permission { get; set; } = () => true;

    public IHistorySource History => this;

    public bool MayAct() => Permission();

    public void Publish(StreamDelta delta) => Published.Add(delta);

    public ValueTask<IReadOnlyList<SequencedEvent>> ReadAsync(
        InstanceId instance, int generation, long fromSequence, int max, CancellationToken cancel)
    {
        Reads++;
        return ValueTask.FromResult<IReadOnlyList<SequencedEvent>>(
            [.. engine.History.Where(e => e.Sequence >= fromSequence).Take(max)]);
    }
}
