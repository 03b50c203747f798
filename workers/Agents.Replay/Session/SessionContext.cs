using System.Globalization;
using Agents.Contracts.Actions;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;

namespace Agents.Replay.Session;

/// <summary>
/// The authoring API over one execution: hands out ids in call order, notes the actions, keeps the open tasks. What
/// happened is told by <see cref="OrchestratorSession"/>.
/// </summary>
internal sealed class SessionContext : OrchestrationContext
{
    readonly OrchestratorIdentity _identity;
    readonly OrchestratorThread _thread;
    readonly string? _defaultChildVersion;
    readonly Dictionary<int, object> _open = [];
    ExecutionStarted? _start;
    EventReference _startReference;
    DateTimeOffset _now;
    int _nextId;
    int _guidCounter;

    public SessionContext(OrchestratorIdentity identity, OrchestratorThread thread, string? defaultChildVersion)
    {
        _identity = identity;
        _thread = thread;
        _defaultChildVersion = defaultChildVersion;
        Events = new ExternalEvents(thread);
    }

    public PendingActions Pending { get; } = new();

    public ExternalEvents Events { get; }

    /// <summary>Sequence of the event being fed: decides which identity is in force.</summary>
    public long Position { get; set; }

    public bool Replaying { get; set; }

    /// <summary>Last status set since the turn began; null when none was.</summary>
    public string? CustomStatus { get; set; }

    public NextGeneration? Next { get; private set; }

    public int OpenCount => _open.Count;

    /// <summary>Outcomes given to the code so far.</summary>
    public long OutcomeCount { get; private set; }

    public bool IsStarted => _start is not null;

    public override string Name => Started.Name;

    public override string? Version => Started.Version;

    public override InstanceId InstanceId => _identity.InstanceId;

    public override ExecutionId ExecutionId => _identity.ExecutionId;

    public override int Generation => _identity.Generation;

    public override ParentInstance? Parent => Started.Parent;

    public override string RunIdentity => SeedInForce()?.RunIdentity ?? _identity.InstanceId.Value;

    public override DateTimeOffset CurrentUtcDateTime => _now;

    public override bool IsReplaying => Replaying;

    public override string? RawInput => Started.Input;

    public override EventReference InputReference => _startReference;

    ExecutionStarted Started => _start ?? throw new InvalidOperationException("the orchestration has not started");

    string Seed => SeedInForce()?.Seed ?? _identity.ExecutionId.Value;

    public void SetNow(DateTimeOffset now) => _now = now.ToUniversalTime();

    public void SetStart(ExecutionStarted start, EventReference reference)
    {
        _start = start;
        _startReference = reference;
    }

    public int TakeId() => _nextId++;

    public int LastId => _nextId - 1;

    public EventReference ReferenceTo(long sequence) => new(_identity.Generation, sequence);

    public override Task<RawResult> CallActivityRawAsync(string name, string? input, TaskOptions? options = null)
    {
        _thread.Demand();
        return options?.Retry is { } policy
            ? Retries.RunAsync(this, policy, () => ScheduleActivity(name, input, options))
            : ScheduleActivity(name, input, options);
    }

    public override Task<string?> CallSubOrchestratorRawAsync(
        string name, string? input, SubOrchestrationOptions? options = null)
    {
        _thread.Demand();
        if (options?.Retry is not { } policy)
        {
            return ScheduleChild(name, input, options, options?.InstanceId ?? MintChildId());
        }

        // Every attempt uses the one child id: the engine lets it replace the finished attempt before it.
        var instanceId = options.InstanceId ?? MintChildId();
        return Retries.RunAsync(this, policy, () => ScheduleChild(name, input, options, instanceId));
    }

    public override Task CreateTimer(DateTimeOffset fireAt, CancellationToken cancel = default)
    {
        _thread.Demand();
        if (cancel.IsCancellationRequested)
        {
            return Task.FromCanceled(cancel);
        }

        var id = TakeId();
        Pending.Add(new CreateTimerAction { Id = id, FireAt = fireAt.ToUniversalTime() });
        var timer = new OpenTimer();
        _open.Add(id, timer);
        if (cancel.CanBeCanceled)
        {
            timer.Cancellation = cancel.UnsafeRegister(
                static (s, token) =>
                {
                    var (context, id) = ((SessionContext, int))s!;
                    context.CancelTimer(id, token);
                },
                (this, id));
        }

        return timer.Task;
    }

    public override Task<RawEvent> WaitForExternalEventRaw(string name, CancellationToken cancel = default)
    {
        _thread.Demand();
        return Events.Wait(name, cancel);
    }

    public override void SendEvent(string instanceId, string name, string? input)
    {
        _thread.Demand();
        Pending.Add(new SendEventAction { Id = TakeId(), InstanceId = instanceId, Name = name, Input = input });
    }

    public override void ContinueAsNewRaw(string? input, bool preserveUnprocessedEvents = true, string? newVersion = null)
    {
        _thread.Demand();
        Next = new NextGeneration(input, preserveUnprocessedEvents, newVersion);
    }

    public override void SetCustomStatusRaw(string? json)
    {
        _thread.Demand();
        CustomStatus = json ?? "null";
    }

    public override Guid NewGuid()
    {
        _thread.Demand();
        return NameBasedGuid.Create(string.Create(
            CultureInfo.InvariantCulture, $"{Seed}_{_now.UtcDateTime:o}_{_guidCounter++}"));
    }

    /// <summary>Results of tasks that are unknown, finished or of another kind are ignored: delivery is at least once.</summary>
    public void Resolve(HistoryEvent outcome, long sequence)
    {
        switch (outcome)
        {
            case TaskCompleted e when Close<OpenActivity>(e.TaskScheduledId) is { } task:
                task.Complete(e.Result, ReferenceTo(sequence));
                break;
            case TaskFailed e when Close<OpenActivity>(e.TaskScheduledId) is { } task:
                task.Fail(e.Failure);
                break;
            case TimerFired e when Close<OpenTimer>(e.TimerId) is { } timer:
                timer.Fire();
                break;
            case SubOrchestrationInstanceCompleted e when Close<OpenChild>(e.TaskScheduledId) is { } child:
                child.Complete(e.Result);
                break;
            case SubOrchestrationInstanceFailed e when Close<OpenChild>(e.TaskScheduledId) is { } child:
                child.Fail(e.Failure);
                break;
        }
    }

    /// <summary>The code has ended: nothing it left open matters any more.</summary>
    public void Release()
    {
        _open.Clear();
        Events.Clear();
        Pending.Clear();
    }

    T? Close<T>(int id) where T : class
    {
        if (!_open.TryGetValue(id, out var open) || open is not T task)
        {
            return null;
        }

        _open.Remove(id);
        OutcomeCount++;
        return task;
    }

    Task<RawResult> ScheduleActivity(string name, string? input, TaskOptions? options)
    {
        var id = TakeId();
        Pending.Add(new ScheduleTaskAction
        {
            Id = id,
            Name = name,
            Version = options?.Version ?? Version,
            Input = input,
            Tags = options?.Tags,
            Effect = options?.Effect,
        });
        var task = new OpenActivity(name, id);
        _open.Add(id, task);
        return task.Task;
    }

    Task<string?> ScheduleChild(string name, string? input, SubOrchestrationOptions? options, string instanceId)
    {
        var id = TakeId();
        Pending.Add(
            new CreateSubOrchestrationAction
            {
                Id = id,
                InstanceId = instanceId,
                Name = name,
                Version = options?.Version ?? _defaultChildVersion,
                Input = input,
                Tags = options?.Tags,
            },
            versionIsDefault: options?.Version is null);
        var child = new OpenChild(name, id);
        _open.Add(id, child);
        return child.Task;
    }

    // Named after the id that the (first) attempt is about to take.
    string MintChildId() => string.Create(CultureInfo.InvariantCulture, $"{Seed}:{_nextId:x4}");

    void CancelTimer(int id, CancellationToken cancel)
    {
        if (!_thread.IsCurrent)
        {
            _thread.Violate("had a timer cancelled from another thread");
        }
        else if (Close<OpenTimer>(id) is { } timer)
        {
            timer.TrySetCanceled(cancel);
        }
    }

    IdentitySeed? SeedInForce()
    {
        var seeds = _identity.Seeds;
        for (var i = seeds.Count - 1; i >= 0; i--)
        {
            if (seeds[i].FromSequence <= Position)
            {
                return seeds[i];
            }
        }

        return null;
    }

}

/// <summary>What ContinueAsNew asked for; takes effect when the code returns.</summary>
internal sealed record NextGeneration(string? Input, bool PreserveUnprocessedEvents, string? NewVersion);
