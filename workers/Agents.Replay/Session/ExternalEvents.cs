using Agents.Contracts.History;

namespace Agents.Replay.Session;

/// <summary>
/// Raised events and who waits for them. Names ignore case. Events without a waiter are kept in order of arrival; waiters
/// of one name are served oldest first, as in the JavaScript SDK (.NET serves the newest first, which surprises whoever
/// starts two waits in a row).
/// </summary>
internal sealed class ExternalEvents(OrchestratorThread thread)
{
    readonly List<Waiter> _waiters = [];
    Dictionary<string, Queue<Arrival>>? _kept;

    public int WaiterCount => _waiters.Count;

    /// <summary>Characters of kept events, for the estimate of memory.</summary>
    public long KeptCharacters { get; private set; }

    public Task<RawEvent> Wait(string name, CancellationToken cancel)
    {
        if (cancel.IsCancellationRequested)
        {
            return Task.FromCanceled<RawEvent>(cancel);
        }

        if (_kept is not null && _kept.TryGetValue(name, out var queue))
        {
            return Task.FromResult(TakeFirst(name, queue));
        }

        var waiter = new Waiter(this, name, cancel);
        _waiters.Add(waiter);
        waiter.Register();
        return waiter.Task;
    }

    public void Raise(EventRaised raised, EventReference reference)
    {
        for (var i = 0; i < _waiters.Count; i++)
        {
            var waiter = _waiters[i];
            if (string.Equals(waiter.Name, raised.Name, StringComparison.OrdinalIgnoreCase))
            {
                _waiters.RemoveAt(i);
                waiter.Complete(new RawEvent(raised.Name, raised.Input, reference));
                return;
            }
        }

        Keep(raised, reference);
    }

    /// <summary>Keeps an event without asking the waiters: the code has ended and the next generation gets it.</summary>
    public void Keep(EventRaised raised, EventReference reference)
    {
        _kept ??= new(StringComparer.OrdinalIgnoreCase);
        if (!_kept.TryGetValue(raised.Name, out var queue))
        {
            _kept.Add(raised.Name, queue = new Queue<Arrival>());
        }

        queue.Enqueue(new Arrival(raised, reference));
        KeptCharacters += Characters(raised);
    }

    /// <summary>Kept events of all names in order of arrival.</summary>
    public IReadOnlyList<HistoryEvent> Unconsumed() => _kept is null ? [] :
        [.. _kept.Values.SelectMany(static q => q).OrderBy(static a => a.Reference.Sequence).Select(static a => a.Event)];

    public void Clear()
    {
        _waiters.Clear();
        _kept = null;
        KeptCharacters = 0;
    }

    RawEvent TakeFirst(string name, Queue<Arrival> queue)
    {
        var (raised, reference) = queue.Dequeue();
        if (queue.Count == 0)
        {
            _kept!.Remove(name);
        }

        KeptCharacters -= Characters(raised);
        return new RawEvent(raised.Name, raised.Input, reference);
    }

    static int Characters(EventRaised e) => e.Name.Length + (e.Input?.Length ?? 0);

    readonly record struct Arrival(EventRaised Event, EventReference Reference);

    sealed class Waiter(ExternalEvents owner, string name, CancellationToken cancel) : TaskCompletionSource<RawEvent>
    {
        CancellationTokenRegistration _registration;

        public string Name => name;

        public void Register()
        {
            if (cancel.CanBeCanceled)
            {
                _registration = cancel.UnsafeRegister(static s => ((Waiter)s!).Cancel(), this);
            }
        }

        public void Complete(RawEvent e)
        {
            _registration.Dispose();
            TrySetResult(e);
        }

        void Cancel()
        {
            if (owner.MayCancelHere() && owner._waiters.Remove(this))
            {
                TrySetCanceled(cancel);
            }
        }
    }

    bool MayCancelHere()
    {
        if (!thread.IsCurrent)
        {
            thread.Violate("had a wait cancelled from another thread");
        }

        return thread.IsCurrent;
    }
}
