using Agents.Contracts.Actions;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;

namespace Agents.Replay.Session;

/// <summary>
/// One execution while it is hot: the code's continuation and what it waits for. Events go in one by one; the code runs
/// after each until it waits. README.md of the project tells the rules.
/// </summary>
internal sealed class OrchestratorSession : IOrchestratorSession
{
    static readonly OrchestratorTurn s_nothing = new([], null, null);

    readonly OrchestratorHost _host;
    readonly OrchestratorIdentity _identity;
    readonly Action<OrchestratorIdentity, SequencedEvent>? _observer;
    readonly OrchestratorThread _thread = new();
    readonly SessionContext _context;
    readonly List<SequencedEvent> _whileSuspended = [];
    Task<string?>? _code;
    CompleteOrchestrationAction? _completion;
    bool _suspended;
    bool _ended;
    bool _disposed;
    Divergence? _divergence;
    long _inputCharacters;
    long _suspendedCharacters;

    public OrchestratorSession(
        OrchestratorHost host, OrchestratorIdentity identity, Action<OrchestratorIdentity, SequencedEvent>? observer)
    {
        _host = host;
        _identity = identity;
        _observer = observer;
        _context = new SessionContext(identity, _thread, host.Versioning.DefaultVersion);
    }

    /// <summary>
    /// Session and open task as measured on .NET 10. What the code keeps in its variables is out of sight; it is taken to
    /// grow by a small record for each outcome it was given.
    /// </summary>
    public long ApproximateBytes
    {
        get
        {
            const int SessionBytes = 850;
            const int OpenBytes = 300;
            const int KeptBytes = 150;
            const int OutcomeBytes = 64;
            return SessionBytes
                + ((_context.OpenCount + _context.Events.WaiterCount) * OpenBytes)
                + (_whileSuspended.Count * KeptBytes)
                + (_context.OutcomeCount * OutcomeBytes)
                + (2 * (_inputCharacters + _suspendedCharacters + _context.Events.KeptCharacters));
        }
    }

    public OrchestratorTurn Run(IReadOnlyList<SequencedEvent> past, IReadOnlyList<SequencedEvent> fresh)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var previous = _thread.Enter();
        try
        {
            return Turn(past, fresh);
        }
        finally
        {
            _thread.Leave(previous);
        }
    }

    public void Dispose()
    {
        _disposed = true;
        _code = null;
        _context.Release();
        _whileSuspended.Clear();
    }

    OrchestratorTurn Turn(IReadOnlyList<SequencedEvent> past, IReadOnlyList<SequencedEvent> fresh)
    {
        _context.Replaying = true;
        FeedAll(past);
        _context.Replaying = false;
        _context.CustomStatus = null;
        FeedAll(fresh);
        return _divergence is null ? EndTurn() : new OrchestratorTurn([], null, _divergence);
    }

    void FeedAll(IReadOnlyList<SequencedEvent> events)
    {
        for (var i = 0; i < events.Count && _divergence is null; i++)
        {
            var item = events[i];
            _observer?.Invoke(_identity, item);
            if (!_ended)
            {
                _context.Position = item.Sequence;
                Feed(item);
            }
        }
    }

    void Feed(in SequencedEvent item)
    {
        switch (item.Event)
        {
            case TaskScheduled or TimerCreated or SubOrchestrationInstanceCreated or EventSent or ExecutionCompleted:
                Match(item);
                return;
            case ExecutionTerminated terminated:
                Terminate(terminated);
                return;
            case ExecutionResumed:
                Resume();
                return;
            case ExecutionSuspended:
                _suspended = true;
                return;
        }

        if (_suspended)
        {
            _whileSuspended.Add(item);
            _suspendedCharacters += PayloadCharacters(item.Event);
            return;
        }

        if (item.Event is OrchestratorStarted && _context.Pending.Count > 0)
        {
            // All that a turn asked for was committed with it, so by now history has named it.
            Diverge(item, "nothing more in the turn before", ActionMatch.Describe(_context.Pending.First));
            return;
        }

        Deliver(item);
    }

    void Deliver(in SequencedEvent item)
    {
        if (_completion is not null)
        {
            if (item.Event is EventRaised late)
            {
                _context.Events.Keep(late, _context.ReferenceTo(item.Sequence));
            }

            return;
        }

        switch (item.Event)
        {
            case OrchestratorStarted:
                _context.SetNow(item.Event.Timestamp);
                return;
            case ExecutionStarted start:
                Start(start, item.Sequence);
                break;
            case EventRaised raised:
                _context.Events.Raise(raised, _context.ReferenceTo(item.Sequence));
                break;
            default:
                _context.Resolve(item.Event, item.Sequence);
                break;
        }

        _thread.Drain();
        CompleteIfOver();
    }

    void Start(ExecutionStarted start, long sequence)
    {
        if (_context.IsStarted)
        {
            return;
        }

        _context.SetStart(start, _context.ReferenceTo(sequence));
        _inputCharacters = start.Input?.Length ?? 0;
        switch (_host.Find(start.Name, start.Version, out var registration))
        {
            case OrchestratorMatch.Found:
                _code = Begin(registration!.Code);
                break;
            case OrchestratorMatch.OtherVersion:
                throw new InvalidOperationException(Rules.OtherVersion(start.Name, start.Version));
            case OrchestratorMatch.VersionRefused:
                Fail(new FailureDetails(
                    "VersionMismatch",
                    $"orchestrator '{start.Name}' version '{start.Version}' is refused by this worker",
                    IsNonRetriable: true));
                break;
            default:
                Fail(new FailureDetails(
                    "OrchestratorTaskNotFound", $"no orchestrator '{start.Name}' is registered", IsNonRetriable: true));
                break;
        }
    }

    Task<string?> Begin(Orchestrator code)
    {
        try
        {
            return code(_context) ?? Task.FromResult<string?>(null);
        }
        catch (Exception e)
        {
            // An orchestrator that is not an async method throws here instead of in its task.
            return Task.FromException<string?>(e);
        }
    }

    void CompleteIfOver()
    {
        if (_completion is not null)
        {
            return;
        }

        if (_thread.Violation is { } violation)
        {
            Fail(new FailureDetails(Rules.RuleBroken, Rules.LeftThread(violation)));
        }
        else if (_code is { IsCompleted: true } code)
        {
            CompleteWith(code);
        }
    }

    void CompleteWith(Task<string?> code)
    {
        if (!code.IsCompletedSuccessfully)
        {
            var exception = code.Exception?.InnerException ?? new TaskCanceledException(code);
            Fail(exception is TaskFailedException task ? task.Failure : FailureDetails.From(exception));
        }
        else if (_context.Next is { } next)
        {
            Complete(OrchestrationStatus.ContinuedAsNew, next.Input, null, next.NewVersion);
        }
        else
        {
            Complete(OrchestrationStatus.Completed, code.Result, null);
        }
    }

    void Fail(FailureDetails failure) => Complete(OrchestrationStatus.Failed, null, failure);

    void Complete(OrchestrationStatus status, string? result, FailureDetails? failure, string? newVersion = null)
    {
        _completion = new CompleteOrchestrationAction
        {
            Id = _context.TakeId(),
            Status = status,
            Result = result,
            Failure = failure,
            NewVersion = newVersion,
        };
        _context.Pending.Add(_completion);
    }

    void Resume()
    {
        _suspended = false;
        foreach (var item in _whileSuspended)
        {
            Deliver(item);
        }

        _whileSuspended.Clear();
        _suspendedCharacters = 0;
    }

    // The first completion wins, except over one that only asks for another generation or that suspension still holds.
    void Terminate(ExecutionTerminated terminated)
    {
        if (_completion is null or { Status: OrchestrationStatus.ContinuedAsNew } || _suspended)
        {
            _context.Pending.KeepOnlySends();
            Complete(OrchestrationStatus.Terminated, terminated.Input, null);
            _suspended = false;
        }
    }

    void Match(in SequencedEvent item)
    {
        FailIfStuck();
        var e = item.Event;
        if (e is ExecutionCompleted { EventId: < 0 or int.MaxValue })
        {
            // Ended by the engine, because no worker could run it: the code was never asked.
            _ended = true;
        }
        else if (!_context.Pending.TryTake(e.EventId, out var pending))
        {
            Diverge(item, ActionMatch.Describe(e), Instead(e.EventId));
        }
        else if (ActionMatch.Compare(e, pending) is { } difference)
        {
            Diverge(item, difference.Expected, difference.Actual);
        }
        else
        {
            _ended = e is ExecutionCompleted;
        }

        if (_ended)
        {
            _context.Release();
            _code = null;
        }
    }

    string Instead(int id) =>
        id <= _context.LastId ? $"another action #{id}, in an earlier turn"
        : _context.Pending.Count > 0 ? $"no #{id}, but {ActionMatch.Describe(_context.Pending.First)}"
        : _completion is not null ? "nothing: it has completed"
        : "nothing: it waits";

    void Diverge(in SequencedEvent item, string expected, string actual) =>
        _divergence = new Divergence(item.Sequence, item.Event.GetType().Name, expected, actual);

    OrchestratorTurn EndTurn()
    {
        if (_ended)
        {
            return s_nothing;
        }

        if (!_context.IsStarted && _completion is null && !_suspended)
        {
            throw new InvalidOperationException(Rules.NoStart(_identity.InstanceId));
        }

        FailIfStuck();
        var actions = _suspended ? [] : TakeActions();
        var status = _context.CustomStatus;
        return actions.Length == 0 && status is null ? s_nothing : new OrchestratorTurn(actions, status, null);
    }

    OrchestratorAction[] TakeActions()
    {
        if (_completion is null)
        {
            return _context.Pending.TakeAll();
        }

        if (_completion.Status == OrchestrationStatus.ContinuedAsNew && _context.Next!.PreserveUnprocessedEvents)
        {
            _context.Pending.Replace(_completion, _completion with { CarryoverEvents = _context.Events.Unconsumed() });
        }

        var actions = _context.Pending.TakeAll();
        _ended = true;
        _code = null;
        _context.Release();
        return actions;
    }

    // Nothing that could wake the code will ever come from history: it waits for something that is not durable.
    void FailIfStuck()
    {
        if (_code is { IsCompleted: false } && _completion is null && !_suspended
            && _context.OpenCount + _context.Events.WaiterCount == 0)
        {
            Fail(new FailureDetails(Rules.RuleBroken, Rules.LeftThread(Rules.AwaitedForeignTask)));
        }
    }

    static long PayloadCharacters(HistoryEvent e) => e switch
    {
        TaskCompleted t => t.Result?.Length ?? 0,
        EventRaised r => r.Input?.Length ?? 0,
        SubOrchestrationInstanceCompleted s => s.Result?.Length ?? 0,
        _ => 0,
    };
}
