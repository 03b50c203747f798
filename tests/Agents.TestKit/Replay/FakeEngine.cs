using Agents.Contracts.Actions;
using Agents.Contracts.History;
using Agents.Contracts.Work;

namespace Agents.TestKit.Replay;

/// <summary>One turn as it was run: what went in and what came out.</summary>
public sealed record FakeTurn(IReadOnlyList<SequencedEvent> Past, IReadOnlyList<SequencedEvent> Fresh, OrchestratorTurn Turn);

/// <summary>
/// Drives one execution in memory: feeds events to a session and writes what it asks for into the history, as the engine
/// does. Time moves only when told. Not for two threads.
/// </summary>
public sealed class FakeEngine : IDisposable
{
    readonly IOrchestratorHost _host;
    readonly OrchestratorIdentity _identity;
    readonly List<SequencedEvent> _history = [];
    readonly List<FakeTurn> _turns = [];
    readonly Dictionary<int, HistoryEvent> _open = [];
    IOrchestratorSession? _session;

    public FakeEngine(IOrchestratorHost host, OrchestratorIdentity? identity = null)
    {
        _host = host;
        _identity = identity ?? HistoryBuilder.Identity();
    }

    public DateTimeOffset Now { get; set; } = HistoryBuilder.Epoch;

    public IReadOnlyList<SequencedEvent> History => _history;

    public IReadOnlyList<FakeTurn> Turns => _turns;

    /// <summary>Actions of the last turn.</summary>
    public IReadOnlyList<OrchestratorAction> Actions => _turns[^1].Turn.Actions;

    public string? CustomStatus { get; private set; }

    /// <summary>What ended the execution; null while it goes on.</summary>
    public CompleteOrchestrationAction? Completion { get; private set; }

    public IReadOnlyDictionary<int, HistoryEvent> Open => _open;

    public IEnumerable<TaskScheduled> OpenActivities => _open.Values.OfType<TaskScheduled>();

    public IEnumerable<TimerCreated> OpenTimers => _open.Values.OfType<TimerCreated>();

    public IEnumerable<SubOrchestrationInstanceCreated> OpenChildren =>
        _open.Values.OfType<SubOrchestrationInstanceCreated>();

    public IOrchestratorSession Session => _session ??= _host.Open(_identity);

    /// <summary>Forgets the continuation: the next turn replays the whole history first.</summary>
    public FakeEngine GoCold()
    {
        _session?.Dispose();
        _session = null;
        return this;
    }

    public FakeEngine Start(string name, string? input = null, string? version = null) =>
        Deliver(HistoryBuilder.Start(name, input, version) with
        {
            InstanceId = _identity.InstanceId, ExecutionId = _identity.ExecutionId, Generation = _identity.Generation,
        });

    public FakeEngine Complete(int taskId, string? result = null) =>
        Deliver(new TaskCompleted { TaskScheduledId = taskId, Result = result });

    public FakeEngine Fire(int timerId)
    {
        var fireAt = ((TimerCreated)_open[timerId]).FireAt;
        Now = fireAt > Now ? fireAt : Now;
        return Deliver(new TimerFired { TimerId = timerId, FireAt = fireAt });
    }

    public FakeEngine Raise(string name, string? input = null) => Deliver(new EventRaised { Name = name, Input = input });

    /// <summary>One turn. A divergence is kept in <see cref="Turns"/> and commits nothing.</summary>
    public FakeEngine Deliver(params HistoryEvent[] events)
    {
        IReadOnlyList<SequencedEvent> past = _session is null ? [.. _history] : [];
        var fresh = events.Prepend(new OrchestratorStarted())
            .Select((e, i) => new SequencedEvent(_history.Count + i, e with { Timestamp = Now }))
            .ToList();
        var turn = Session.Run(past, fresh);
        _turns.Add(new FakeTurn([.. _history], fresh, turn));
        if (turn.Divergence is not null)
        {
            return this;
        }

        CustomStatus = turn.CustomStatus ?? CustomStatus;
        foreach (var (_, e) in fresh)
        {
            Append(e);
        }

        foreach (var e in HistoryBuilder.EventsOf(turn.Actions))
        {
            Append(e with { Timestamp = Now });
        }

        Completion ??= turn.Actions.OfType<CompleteOrchestrationAction>().SingleOrDefault();
        return this;
    }

    public void Dispose() => _session?.Dispose();

    void Append(HistoryEvent e)
    {
        _history.Add(new SequencedEvent(_history.Count, e));
        switch (e)
        {
            case TaskScheduled or TimerCreated or SubOrchestrationInstanceCreated:
                _open.Add(e.EventId, e);
                break;
            case TaskCompleted r:
                _open.Remove(r.TaskScheduledId);
                break;
            case TaskFailed r:
                _open.Remove(r.TaskScheduledId);
                break;
            case TimerFired r:
                _open.Remove(r.TimerId);
                break;
            case SubOrchestrationInstanceCompleted r:
                _open.Remove(r.TaskScheduledId);
                break;
            case SubOrchestrationInstanceFailed r:
                _open.Remove(r.TaskScheduledId);
                break;
        }
    }
}
