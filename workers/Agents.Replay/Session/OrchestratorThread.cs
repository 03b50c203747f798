namespace Agents.Replay.Session;

/// <summary>
/// The one thread orchestrator code runs on, for as long as a turn lasts: whatever the code awaits or starts without
/// leaving it comes back here, in order. Anything that arrives from elsewhere is remembered as a violation.
/// </summary>
internal sealed class OrchestratorThread : SynchronizationContext
{
    const int BlockedMillisecondsMax = 2_000;
    const int WaitTimedOut = 0x102;

    readonly TurnScheduler _scheduler;
    Queue<(SendOrPostCallback Callback, object? State)>? _queue;
    int _owner;

    public OrchestratorThread()
    {
        _scheduler = new TurnScheduler(this);
        SetWaitNotificationRequired();
    }

    /// <summary>What the code did that it must not do; null while it kept to the rules.</summary>
    public string? Violation { get; private set; }

    public bool IsCurrent => _owner == Environment.CurrentManagedThreadId;

    /// <summary>Runs a turn on the calling thread, as a task of our scheduler: continuations then default to it.</summary>
    public void Run(Action<object?> turn, object state)
    {
        if (Interlocked.CompareExchange(ref _owner, Environment.CurrentManagedThreadId, 0) != 0)
        {
            throw new InvalidOperationException("orchestrator session: a turn is already running; one caller at a time");
        }

        var previous = Current;
        SetSynchronizationContext(this);
        try
        {
            var task = new Task(turn, state);
            task.RunSynchronously(_scheduler);
            task.GetAwaiter().GetResult();
        }
        finally
        {
            SetSynchronizationContext(previous);
            _queue?.Clear();
            _owner = 0;
        }
    }

    /// <summary>Runs what was posted, until nothing is left.</summary>
    public void Drain()
    {
        while (_queue is { Count: > 0 } queue)
        {
            var (callback, state) = queue.Dequeue();
            callback(state);
        }
    }

    /// <summary>Throws when the caller is not on this thread; the turn then fails as well.</summary>
    public void Demand()
    {
        if (!IsCurrent)
        {
            Violate("used its context from another thread");
            throw new InvalidOperationException(Rules.LeftThread(Violation!));
        }
    }

    public void Violate(string what) => Violation ??= what;

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (IsCurrent)
        {
            (_queue ??= new()).Enqueue((d, state));
        }
        else
        {
            Violate("awaited something that ended on another thread");
        }
    }

    public override void Send(SendOrPostCallback d, object? state)
    {
        Demand();
        d(state);
    }

    public override SynchronizationContext CreateCopy() => this;

    // Blocking for good would hold the engine's thread for ever: what the code waits for can only come after the turn.
    // A lock that another thread holds for a moment (type initialisation, a metadata cache) is no fault of the code.
    public override int Wait(IntPtr[] waitHandles, bool waitAll, int millisecondsTimeout)
    {
        if (!IsCurrent || millisecondsTimeout is >= 0 and <= BlockedMillisecondsMax)
        {
            return WaitHelper(waitHandles, waitAll, millisecondsTimeout);
        }

        var result = WaitHelper(waitHandles, waitAll, BlockedMillisecondsMax);
        if (result != WaitTimedOut)
        {
            return result;
        }

        Violate("blocked its thread (Wait, Result or a lock held elsewhere)");
        throw new InvalidOperationException(Rules.LeftThread(Violation!));
    }

    sealed class TurnScheduler(OrchestratorThread thread) : TaskScheduler
    {
        public override int MaximumConcurrencyLevel => 1;

        protected override void QueueTask(Task task) =>
            thread.Post(static s => ((Queued)s!).Run(), new Queued(this, task));

        protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) =>
            thread.IsCurrent && TryExecuteTask(task);

        protected override IEnumerable<Task> GetScheduledTasks() => [];

        sealed record Queued(TurnScheduler Scheduler, Task Task)
        {
            public void Run() => Scheduler.TryExecuteTask(Task);
        }
    }
}
