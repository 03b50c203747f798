namespace Agents.Engine.Live;

/// <summary>
/// Something that happens once and that readers wait for. Each waiter has a completion of its own: Task.WaitAsync on a
/// shared one would end on the thread pool, wherever its caller lives, and a simulated process may not leave its thread.
/// </summary>
internal sealed class Watch
{
    readonly Lock _gate = new();
    readonly List<TaskCompletionSource> _waiters = [];
    bool _fired;

    /// <summary>Ends when it fires, or after <paramref name="atMost"/> where that is given; throws when cancelled.</summary>
    public async Task WaitAsync(TimeSpan? atMost, TimeProvider clock, CancellationToken cancel)
    {
        if (atMost is not { } limit)
        {
            await WaitAsync(cancel);
            return;
        }

        using var ends = new CancellationTokenSource(limit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, ends.Token);
        try
        {
            await WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // Time to read again.
        }
    }

    public async Task WaitAsync(CancellationToken cancel)
    {
        var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_fired)
            {
                return;
            }

            _waiters.Add(waiter);
        }

        using var registration = cancel.UnsafeRegister(
            static (w, token) => ((TaskCompletionSource)w!).TrySetCanceled(token), waiter);
        try
        {
            await waiter.Task;
        }
        finally
        {
            lock (_gate)
            {
                _waiters.Remove(waiter);
            }
        }
    }

    public void Fire()
    {
        List<TaskCompletionSource> waiters;
        lock (_gate)
        {
            _fired = true;
            waiters = [.. _waiters];
        }

        waiters.ForEach(w => w.TrySetResult());
    }
}
