using System.Security.Cryptography;
using Agents.Contracts.Pool;
using Agents.Pool.Figures;
using Agents.Pool.Routing;
using Agents.Pool.Workers;

namespace Agents.Pool.Queue;

/// <summary>
/// The state of a pool behind one lock: its workers, what waits, and what each tenant used. Decides nothing itself: it asks
/// the pure functions of Routing whenever a request came, one ended, or a worker reported, and hands out places.
/// </summary>
sealed class Dispatcher : IWorkerDesk, IAsyncDisposable
{
    static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(250);
    static readonly TimeSpan s_halfLife = TimeSpan.FromMinutes(1);

    readonly Lock _gate = new();
    readonly PoolOptions _options;
    readonly PoolTime _time;
    readonly WorkerBook _book;
    readonly List<Waiter> _waiting = [];
    readonly TenantUse _used = new(s_halfLife);
    readonly ReplyEstimate _replies = new();
    readonly DrainRate _drain = new();
    readonly ITimer _tick;
    readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    long _tickets;
    bool _stopping;

    public Dispatcher(PoolOptions options, TimeProvider clock)
    {
        (_options, _time, _book) = (options, new PoolTime(clock), new WorkerBook(options));
        _tick = clock.CreateTimer(_ => Tick(), null, s_tick, s_tick);
    }

    /// <summary>A new one for each start.</summary>
    public string Id { get; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));

    public PoolFigures Figures { get; } = new();

    /// <summary>
    /// A place for the request, at once or when its turn comes. <paramref name="avoid"/> are workers that failed it already:
    /// another is taken where one has room, and else it waits like everybody.
    /// </summary>
    public async Task<Turn> AskAsync(PoolRequest request, TimeSpan patience, IReadOnlyCollection<string> avoid, CancellationToken cancel)
    {
        Waiter waiter;
        lock (_gate)
        {
            var now = _time.Now;
            request = request with { ExpectedTokens = _replies.For(request) };
            if (AtOnce(request, avoid, now) is { } turn)
            {
                return turn;
            }

            waiter = new Waiter(new WaitingRequest(++_tickets, request, now));
            _waiting.Add(waiter);
            See(waiter, _book.Slots(now));
        }

        return await WaitAsync(waiter, patience, cancel);
    }

    /// <summary>Another worker for a request that is in work already, only where one has room now; null for none.</summary>
    public Place? AskBeside(PoolRequest request, IReadOnlyCollection<string> avoid)
    {
        lock (_gate)
        {
            var now = _time.Now;
            return _waiting.Count == 0 && Others(avoid, now) is { } slots && Router.Choose(request, slots, now) is RouteChoice.Send to
                ? Give(request, to, now)
                : null;
        }
    }

    Turn? AtOnce(PoolRequest request, IReadOnlyCollection<string> avoid, DateTimeOffset now)
    {
        if (_stopping)
        {
            return new Turn.Refused(RefusalKind.Stopping, TimeSpan.FromSeconds(1));
        }

        var all = _book.Slots(now);
        switch (Router.Choose(request, all, now))
        {
            case RouteChoice.Refuse { Why: RefusedFor.UnknownModel } when !Learns(now):
                return new Turn.Refused(RefusalKind.UnknownModel, null);
            case RouteChoice.Refuse { Why: RefusedFor.TooLong }:
                return new Turn.Refused(RefusalKind.TooLong, null);
            case RouteChoice.Send send when avoid.Count == 0 && _waiting.Count == 0:
                return new Turn.Go(Give(request, send, now));
        }

        if (avoid.Count > 0 && Router.Choose(request, Others(avoid, now), now) is RouteChoice.Send other)
        {
            return new Turn.Go(Give(request, other, now)); // it had its turn
        }

        if (_options.Queue.RetryAfter(request, [.. _waiting.Select(w => w.Request)], _drain.TokensPerSecond(now)) is { } after)
        {
            return new Turn.Refused(RefusalKind.QueueFull, after);
        }

        return null;
    }

    bool Learns(DateTimeOffset now) => now - _time.Start < _options.LearnFor;

    List<WorkerSlot> Others(IReadOnlyCollection<string> avoid, DateTimeOffset now) => _book.Slots(now).FindAll(s => !avoid.Contains(s.Worker));

    async Task<Turn> WaitAsync(Waiter waiter, TimeSpan patience, CancellationToken cancel)
    {
        Pump();
        try
        {
            return await waiter.Turn.WaitAsync(patience, _time.Clock, cancel);
        }
        catch (TimeoutException) when (!waiter.Turn.IsCompleted)
        {
            return Withdraw(waiter) ? Expired(waiter) : await waiter.Turn;
        }
        catch (TimeoutException)
        {
            return await waiter.Turn;
        }
        catch (OperationCanceledException)
        {
            if (!Withdraw(waiter) && await waiter.Turn is Turn.Go go)
            {
                go.Place.End(WorkEnd.Left);
            }

            throw;
        }
    }

    Turn.Refused Expired(Waiter waiter)
    {
        lock (_gate)
        {
            var request = waiter.Request.Request;
            var seconds = _drain.TokensPerSecond(_time.Now) is > 0 and var rate ? request.TokensNeeded / rate : 5;
            return new Turn.Refused(
                waiter.SawWorker ? RefusalKind.WaitedTooLong : RefusalKind.NoWorker, TimeSpan.FromSeconds(Math.Clamp(Math.Ceiling(seconds), 1, 60)));
        }
    }

    /// <summary>False when its turn came meanwhile.</summary>
    bool Withdraw(Waiter waiter)
    {
        lock (_gate)
        {
            return _waiting.Remove(waiter);
        }
    }

    Place Give(PoolRequest request, RouteChoice.Send to, DateTimeOffset now)
    {
        var entry = _book.Find(to.Worker)!;
        var work = entry.Begin(request, to.HeldTokens, now);
        _drain.Left(request, now);
        _used.Charge(request.Tenant, work.Charged, now);
        return new Place(this, entry, work);
    }

    /// <summary>Hands out places as long as routing names a request that may go.</summary>
    void Pump()
    {
        lock (_gate)
        {
            var now = _time.Now;
            while (_waiting.Count > 0)
            {
                var slots = _book.Slots(now);
                _waiting.ForEach(w => See(w, slots));
                RefuseUnknown(now);
                if (Admission.Next([.. _waiting.Select(w => w.Request)], slots, _used.View(now), now, _options.Routing) is not { } next)
                {
                    break;
                }

                var waiter = _waiting.Find(w => w.Request.Ticket == next.Waiting.Ticket)!;
                _waiting.Remove(waiter);
                Figures.Waited.Add((now - waiter.Request.Since).TotalSeconds);
                waiter.Take(new Turn.Go(Give(waiter.Request.Request, next.To, now)));
            }
        }
    }

    static void See(Waiter waiter, List<WorkerSlot> slots)
    {
        var serving = slots.FindAll(s => s.Models.Contains(waiter.Request.Request.Model));
        waiter.KnowsModel |= serving.Count > 0;
        waiter.SawWorker |= serving.Exists(s => s.Health == WorkerHealth.Ready);
    }

    /// <summary>Once every worker had the time to report, a model that none has is not there.</summary>
    void RefuseUnknown(DateTimeOffset now)
    {
        if (Learns(now))
        {
            return;
        }

        foreach (var waiter in _waiting.FindAll(w => !w.KnowsModel))
        {
            _waiting.Remove(waiter);
            waiter.Take(new Turn.Refused(RefusalKind.UnknownModel, null));
        }
    }

    void Tick()
    {
        lock (_gate)
        {
            _book.Forget(_time.Now);
        }

        Pump();
    }

    public void Answers(Place place)
    {
        lock (_gate)
        {
            place.Work.Answers = true;
        }
    }

    public void End(Place place, WorkEnd end, ReplyTokens tokens, string? failure)
    {
        lock (_gate)
        {
            var now = _time.Now;
            if (!place.Entry.End(place.Work, end, tokens, failure, now))
            {
                return;
            }

            Settle(place.Work, end, tokens, now);
            TellIfIdle();
        }

        Pump();
    }

    /// <summary>A tenant pays for what was computed, which is known only now.</summary>
    void Settle(WorkInHand work, WorkEnd end, ReplyTokens tokens, DateTimeOffset now)
    {
        var request = work.Request;
        var computed = end == WorkEnd.Done
            ? Math.Max(0, (tokens.Prompt ?? request.PromptTokens) - (tokens.Cached ?? work.HeldTokens)) + (tokens.Reply ?? 0)
            : end == WorkEnd.Left ? work.Charged : 0;
        _used.Charge(request.Tenant, computed - work.Charged, now);
        if (end == WorkEnd.Done && tokens.Reply is { } reply)
        {
            _replies.Learn(request, reply);
        }
    }

    /// <summary>What a caller said of a run: it waits for a tool, or it ended. False: no worker holds anything of it.</summary>
    public bool Hear(RunHint hint)
    {
        lock (_gate)
        {
            var found = _book.All.Where(e => e.Held.ContainsKey(hint.Prefix)).ToList();
            foreach (var entry in found)
            {
                if (hint.Ended)
                {
                    entry.Release(hint.Prefix);
                }
                else
                {
                    entry.Waits(hint.Prefix, hint.BackIn is { } wait ? _time.Now + wait : null);
                }
            }

            if (hint.Ended)
            {
                _replies.Forget(hint.Run);
            }

            return found.Count > 0;
        }
    }

    /// <summary>Throws <see cref="PoolException"/> with AG4052 where a report cannot be taken.</summary>
    public Task<PoolAnswer> ReportAsync(WorkerReport report, CancellationToken cancel)
    {
        ReportCheck.Check(report, _options);
        PoolAnswer answer;
        lock (_gate)
        {
            var entry = _book.Report(report, _time.Now)
                ?? throw new PoolException("AG4052", $"{_options.WorkersMax} workers report to this pool already", "stop some, or start another pool");
            answer = entry.Answer(Id);
        }

        Pump();
        return Task.FromResult(answer);
    }

    public Task LeaveAsync(string worker, string incarnation, CancellationToken cancel)
    {
        lock (_gate)
        {
            _book.Leave(worker, incarnation);
        }

        return Task.CompletedTask;
    }

    /// <summary>Everything as it stands, for people and programs.</summary>
    public PoolView View()
    {
        lock (_gate)
        {
            var now = _time.Now;
            return PoolView.Of(Id, _book.All, [.. _waiting.Select(w => w.Request)], _drain.TokensPerSecond(now), now);
        }
    }

    /// <summary>Refuses what waits and what comes; completes when nothing is in work any more.</summary>
    public Task StopAsync()
    {
        lock (_gate)
        {
            _stopping = true;
            foreach (var waiter in _waiting)
            {
                waiter.Take(new Turn.Refused(RefusalKind.Stopping, TimeSpan.FromSeconds(1)));
            }

            _waiting.Clear();
            TellIfIdle();
            return _idle.Task;
        }
    }

    void TellIfIdle()
    {
        if (_stopping && _book.All.All(e => e.Work.Count == 0))
        {
            _idle.TrySetResult();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _tick.DisposeAsync();
        _ = StopAsync();
    }
}
