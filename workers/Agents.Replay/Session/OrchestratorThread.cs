using System.Diagnostics;

namespace Agents.Replay.Session;

/// <summary>
/// The one thread orchestrator code runs on, for as long as a turn lasts: whatever the code awaits or starts without
/// leaving it comes back here, in order. Anything that arrives from elsewhere is remembered as a violation. There is no
/// task scheduler beside it: the runtime forgets the current scheduler at each await that resumes in a synchronization
/// context, so one would only hold until the first await.
/// </summary>
internal sealed class OrchestratorThread : SynchronizationContext
{
    // Long: on a starved machine another thread may hold a lock of the runtime for seconds, and that must fail no run.
    const int BlockedMillisecondsMax = 60_000;
    const int WaitTimedOut = 0x102;

    Queue<(SendOrPostCallback Callback, object? State)>? _queue;
    int _owner;

    public OrchestratorThread() => SetWaitNotificationRequired();

    /// <summary>What the code did that it must not do; null while it kept to the rules.</summary>
    public string? Violation { get; private set; }

    public bool IsCurrent => _owner == Environment.CurrentManagedThreadId;

    /// <summary>Makes the calling thread the orchestrator's until <see cref="Leave"/>; returns what to give back then.</summary>
    public SynchronizationContext? Enter()
    {
        if (Interlocked.CompareExchange(ref _owner, Environment.CurrentManagedThreadId, 0) != 0)
        {
            throw new InvalidOperationException("orchestrator session: a turn is already running; one caller at a time");
        }

        var previous = Current;
        SetSynchronizationContext(this);
        return previous;
    }

    public void Leave(SynchronizationContext? previous)
    {
        SetSynchronizationContext(previous);
        _queue?.Clear();
        _owner = 0;
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
        if (!IsCurrent || millisecondsTimeout == 0)
        {
            return WaitHelper(waitHandles, waitAll, millisecondsTimeout);
        }

        if (!IsForTask())
        {
            var isShort = millisecondsTimeout is > 0 and <= BlockedMillisecondsMax;
            var result = WaitHelper(waitHandles, waitAll, isShort ? millisecondsTimeout : BlockedMillisecondsMax);
            if (isShort || result != WaitTimedOut)
            {
                return result;
            }
        }

        Violate("blocked its thread (Wait, Result or a lock held elsewhere)");
        throw new InvalidOperationException(Rules.LeftThread(Violation!));
    }

    // Only on the rare way through a blocked thread, so the price of a stack trace does not matter.
    static bool IsForTask() => new StackTrace().GetFrames().Any(static frame =>
        frame.GetMethod() is { } method
        && typeof(Task).IsAssignableFrom(method.DeclaringType)
        && method.Name.Contains("Wait", StringComparison.Ordinal));
}
