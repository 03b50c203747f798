using Agents.Contracts.Client;
using Agents.Engine.Store;
using Microsoft.Extensions.Logging;

namespace Agents.Engine.Queues;

/// <summary>
/// This node's door to the queues: what its instances ask for and give back goes into one round at a time. Who lets whom in
/// is decided in the store; a place given to another node's instance is told by a wake of that instance, which is a hint. A
/// node that waits looks for lost hints every <see cref="EngineOptions.QueueLookEvery"/>, and a rate says when its next round is due.
/// </summary>
internal sealed class QueueGate(IQueueStore store, EngineOptions options, EngineEnvironment environment, Action<string> wake)
{
    static readonly TimeSpan s_retryAfter = TimeSpan.FromSeconds(1);
    static readonly TimeSpan s_boundsEvery = TimeSpan.FromMinutes(1);

    readonly Lock _gate = new();
    readonly Dictionary<PlaceKey, Waiter> _waiting = [];
    readonly HashSet<PlaceKey> _held = [];
    List<QueueAsk> _asks = [];
    List<(PlaceKey Place, string Queue)> _back = [];
    HashSet<string> _look = new(StringComparer.Ordinal);
    bool _check;
    bool _running;
    ITimer? _timer;
    DateTimeOffset _timerAt = DateTimeOffset.MaxValue;
    DateTimeOffset _nextLook;
    DateTimeOffset _boundsRead;
    volatile bool _defaultIsBound;
    volatile bool _wasInDoubt;

    /// <summary>Ends when there is nothing to ask or give back any more.</summary>
    public Task Rounds { get; private set; } = Task.CompletedTask;

    /// <summary>The queue a task waits in; null: it begins at once. Activities that name none share the hub's own.</summary>
    public QueueName? QueueOf(IReadOnlyDictionary<string, string>? tags) =>
        QueueName.Of(tags) is { } named ? named : _defaultIsBound ? QueueName.Default : null;

    /// <summary><paramref name="granted"/> is called once it holds the place; false from it gives the place back.</summary>
    public void Ask(QueueAsk ask, Func<bool> granted)
    {
        lock (_gate)
        {
            _waiting[ask.Place] = new Waiter(ask, granted);
            _asks.Add(ask);
        }

        Run();
    }

    /// <summary>Of a place that was asked for, held by now or not.</summary>
    public void GiveBack(PlaceKey place, string queue)
    {
        lock (_gate)
        {
            _waiting.Remove(place);
            _held.Remove(place);
            _asks.RemoveAll(a => a.Place == place);
            _back.Add((place, queue));
        }

        Run();
    }

    /// <summary>Somebody may have been let in by another node.</summary>
    public void Check()
    {
        lock (_gate)
        {
            if (_waiting.Count == 0)
            {
                return;
            }

            _check = true;
        }

        Run();
    }

    /// <summary>A bound has changed: perhaps more may begin.</summary>
    public async Task ChangedAsync(string queue, CancellationToken cancel)
    {
        lock (_gate)
        {
            _look.Add(queue);
        }

        await ReadBoundsAsync(cancel);
        Run();
    }

    /// <summary>With each sweep; looks at the store once in <see cref="s_boundsEvery"/>.</summary>
    public async Task RefreshAsync(CancellationToken cancel)
    {
        var now = environment.Clock.GetUtcNow();
        if (now - _boundsRead >= s_boundsEvery)
        {
            await ReadBoundsAsync(cancel);
            _boundsRead = now;
            if (_wasInDoubt)
            {
                lock (_gate)
                {
                    _check = true;   // a round whose answer was lost may have come in late, and taken places that nobody uses
                }

                Run();
            }
        }
    }

    async Task ReadBoundsAsync(CancellationToken cancel) =>
        _defaultIsBound = (await store.ReadQueuesAsync(cancel)).Any(q => q.Limit.Queue == QueueName.Default.Name);

    void Run()
    {
        lock (_gate)
        {
            if (_running)
            {
                return;
            }

            _running = true;
        }

        Rounds = LoopAsync();
    }

    async Task LoopAsync()
    {
        // Whoever asked goes on first: a store may answer at once, and what is let in may ask again.
        await Task.Yield();
        while (Take() is { } work)
        {
            try
            {
                await RoundAsync(work);
            }
            catch (ObjectDisposedException)
            {
                return;   // the node has stopped and its store is closed; what it held is over with its ownership
            }
            catch (Exception e)
            {
                if (e is not (StoreUnavailableException or UnknownOutcomeException))
                {
                    Log.QueueFault(environment.Log, e, e.Message);
                }

                _wasInDoubt = true;
                PutBack(work, again: environment.Clock.GetUtcNow() + s_retryAfter);
                return;
            }
        }
    }

    /// <summary>What there is to do; null: nothing, and the loop has ended.</summary>
    Work? Take()
    {
        lock (_gate)
        {
            if (_asks.Count == 0 && _back.Count == 0 && _look.Count == 0 && !_check)
            {
                _running = false;
                return null;
            }

            var work = new Work(_asks, _back, _look, _check);
            (_asks, _back, _look, _check) = ([], [], new(StringComparer.Ordinal), false);
            return work;
        }
    }

    void PutBack(Work work, DateTimeOffset again)
    {
        lock (_gate)
        {
            _nextLook = again;
            // What was given back meanwhile is not asked for again.
            _asks.InsertRange(0, work.Asks.Where(a => _waiting.ContainsKey(a.Place)));
            _back.InsertRange(0, work.Back);
            _look.UnionWith(work.Look);
            _check = true;   // the round may be in, though nobody said so
            _running = false;
        }

        Arm(again);
    }

    async Task RoundAsync(Work work)
    {
        var (asks, back) = (work.Asks, work.Back);
        if (work.Check)
        {
            var (again, unused) = await FindOwnAsync(asks);
            (asks, back) = ([.. asks, .. again], [.. back, .. unused]);
        }

        var round = new QueueRound(asks, back, work.Look, environment.Clock.GetUtcNow());
        if (round.Queues.Count == 0)
        {
            return;
        }

        var answer = await store.PassAsync(round, CancellationToken.None);
        foreach (var grant in answer.Granted)
        {
            LetIn(grant.Place, grant.InstanceId);
        }

        lock (_gate)
        {
            if (_waiting.Count > 0)
            {
                _nextLook = round.Now + options.QueueLookEvery;
            }
        }

        Arm(answer.NextAt.Count == 0 ? DateTimeOffset.MaxValue : answer.NextAt.Values.Min());
    }

    /// <summary>
    /// Lets in who holds a place by now; returns those of whom the store knows nothing, who ask again, and places of this node
    /// that nobody here knows: a round that was taken for lost came in after they had been given back.
    /// </summary>
    async Task<(List<QueueAsk> Again, List<(PlaceKey Place, string Queue)> Unused)> FindOwnAsync(List<QueueAsk> asking)
    {
        List<QueueAsk> waiting;
        lock (_gate)
        {
            waiting = [.. _waiting.Values.Select(w => w.Ask)];
        }

        var found = await store.ReadPlacesAsync(options.NodeId, CancellationToken.None);
        var places = found.ToDictionary(p => p.Place, p => p.Held);
        var asked = asking.Select(a => a.Place).ToHashSet();
        waiting.RemoveAll(a => asked.Contains(a.Place));
        foreach (var ask in waiting.Where(a => places.GetValueOrDefault(a.Place)))
        {
            LetIn(ask.Place, ask.InstanceId);
        }

        lock (_gate)
        {
            var known = _waiting.Keys.Concat(_held).Concat(asked).ToHashSet();
            return (
                waiting.FindAll(a => !places.ContainsKey(a.Place)),
                [.. found.Where(p => !known.Contains(p.Place)).Select(p => (p.Place, p.Queue))]);
        }
    }

    void LetIn(PlaceKey place, string instanceId)
    {
        Waiter? waiter;
        lock (_gate)
        {
            // Given back and asked for anew while that round was on its way: it is the next one that counts.
            if (_asks.Exists(a => a.Place == place))
            {
                return;
            }

            if (_waiting.Remove(place, out waiter))
            {
                _held.Add(place);
            }
        }

        if (waiter is null)
        {
            wake(instanceId);   // another node's, or one that was given back just now
        }
        else if (!waiter.Granted())
        {
            GiveBack(place, waiter.Ask.Queue);
        }
    }

    /// <summary>One timer for the next round of a rate and for lost hints.</summary>
    void Arm(DateTimeOffset at)
    {
        lock (_gate)
        {
            at = _waiting.Count > 0 && _nextLook < at ? _nextLook : at;
            if (at == DateTimeOffset.MaxValue || at >= _timerAt)
            {
                return;
            }

            _timerAt = at;
            var due = at - environment.Clock.GetUtcNow();
            _timer ??= environment.Clock.CreateTimer(
                static gate => ((QueueGate)gate!).Elapsed(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _timer.Change(due > TimeSpan.Zero ? due : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }

    void Elapsed()
    {
        lock (_gate)
        {
            _timerAt = DateTimeOffset.MaxValue;
            _look.UnionWith(_waiting.Values.Select(w => w.Ask.Queue));
            _check |= _waiting.Count > 0 && environment.Clock.GetUtcNow() >= _nextLook;
        }

        Run();
    }

    sealed record Waiter(QueueAsk Ask, Func<bool> Granted);

    sealed record Work(List<QueueAsk> Asks, List<(PlaceKey Place, string Queue)> Back, HashSet<string> Look, bool Check);
}
