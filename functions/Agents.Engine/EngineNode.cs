using System.Collections.Concurrent;
using Agents.Contracts.Work;
using Agents.Engine.History;
using Agents.Engine.Instances;
using Agents.Engine.Live;
using Agents.Engine.Nodes;
using Agents.Engine.Retention;
using Agents.Engine.Store;
using Agents.Engine.Work;
using Microsoft.Extensions.Logging;

namespace Agents.Engine;

/// <summary>
/// One node of the durable engine: owns instances, runs their turns, writes their commits. Start it, use
/// <see cref="Client"/>, stop it; killing it at any moment instead loses nothing that was acknowledged.
/// </summary>
public sealed class EngineNode : IMember, IAsyncDisposable
{
    static readonly TimeSpan s_longestSweep = TimeSpan.FromDays(1);
    static readonly TimeSpan s_nextBatch = TimeSpan.FromMilliseconds(200);

    readonly ConcurrentDictionary<string, InstanceActor> _actors = new();
    readonly NodeServices _services;
    readonly EngineOptions _options;
    readonly IMembership _membership;
    readonly TaskCompletionSource<string> _declaredDead = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly Lock _sweepGate = new();
    ITimer? _sweep;
    bool _sweeping;
    bool _sweepAgain;
    volatile bool _running;
    DateTimeOffset _sweepAt;
    DateTimeOffset _tombstonesForgotten;
    DateTimeOffset _retainedAt;
    RetentionPass? _retention;
    long _hotBytes;

    public EngineNode(
        IEngineStore store, IOrchestratorHost orchestrators, IActivityHost activities, EngineOptions options,
        EngineEnvironment environment, IMembership? membership = null, IRemoteWork? remote = null)
    {
        _options = options;
        _membership = membership ?? new Alone(options.NodeId);
        var history = new HistorySource(store);
        var committer = new Committer(store.Writes, options, environment);
        _services = new NodeServices
        {
            Store = store,
            Membership = _membership,
            Committer = committer,
            Orchestrators = orchestrators,
            Activities = activities,
            Remote = remote,
            Options = options,
            Environment = environment,
            History = history,
            Slots = new ActivitySlots(options.ActivitiesMax),
            Loads = new ActivitySlots(options.LoadsMax),
            Queues = new Queues.QueueGate(store.Queues, options, environment, Wake),
            Live = new LiveHub(_membership.News),
            Wake = Wake,
            Schedule = Schedule,
            WakeUrgently = id => Wake(id, Mail.Inbox.Urgent),
            Closed = actor => _actors.TryRemove(KeyValuePair.Create(actor.InstanceId, actor)),
            HotBytesChanged = HotBytesChanged,
        };
        Client = new EngineClient(_services, history);
    }

    /// <summary>Clients' door to this node.</summary>
    public EngineClient Client { get; }

    public string NodeId => _options.NodeId;

    /// <summary>Instances that are hot here now.</summary>
    public int HotInstances => _actors.Count;

    /// <summary>What keeps the store from taking writes (disk full, gone); null while all is well.</summary>
    public string? StoreProblem => _services.Committer.Problem;

    /// <summary>Ends, with the reason, when the other nodes hold this one for dead. It runs nothing any more; its process should end.</summary>
    public Task<string> DeclaredDead => _declaredDead.Task;

    /// <summary>Takes over what is unfinished and begins to run. With Execute off it only serves clients.</summary>
    public async Task StartAsync(CancellationToken cancel)
    {
        if (!_options.Execute)
        {
            return;
        }

        await _membership.JoinAsync(this, cancel);
        _running = true;
        _sweep = _services.Clock.CreateTimer(
            static node => ((EngineNode)node!).Sweep(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        await SweepAsync();
    }

    /// <summary>
    /// Gives every instance up after its last commit. Activities are asked to stop; those that do not within
    /// <paramref name="patience"/> are left behind, as a crash would.
    /// </summary>
    public async Task StopAsync(TimeSpan patience)
    {
        if (Interlocked.Exchange(ref _sweep, null) is not { } sweep)
        {
            return;
        }

        _running = false;
        await sweep.DisposeAsync();
        await _membership.RetireAsync(CancellationToken.None);
        await Task.WhenAny(DrainAsync(), Task.Delay(patience, _services.Clock));
        await _membership.LeaveAsync(CancellationToken.None);
    }

    // One await after another instead of WhenAll, which would end on the thread pool. Ordered, because the table is not.
    async Task DrainAsync()
    {
        var drained = _actors.Values.OrderBy(a => a.InstanceId, StringComparer.Ordinal).Select(a => a.DrainAsync()).ToList();
        foreach (var actor in drained)
        {
            await actor;
        }

        await _services.Queues.Rounds;
    }

    public async ValueTask DisposeAsync() => await StopAsync(TimeSpan.FromSeconds(5));

    void IMember.LookAround() => SetSweep(TimeSpan.Zero);

    void IMember.HandOver(int instances)
    {
        // What stepped last goes first: it is at work, and what rests costs nothing here but its memory.
        foreach (var actor in _actors.Values.OrderByDescending(a => a.LastStepAt).Take(instances))
        {
            actor.Post(Mail.Leave.Soon);
        }
    }

    void IMember.ChangedElsewhere(string instanceId, bool released) => _services.Live.ChangedElsewhere(instanceId, released);

    void IMember.DeclaredDead(string why)
    {
        _running = false;
        _declaredDead.TrySetResult(why);
    }

    public void Wake(string instanceId) => Wake(instanceId, Mail.Inbox.Hint);

    void Wake(string instanceId, Mail.Inbox mail)
    {
        if (!_running)
        {
            return;
        }

        while (true)
        {
            var actor = _actors.GetOrAdd(instanceId, static (id, services) => new InstanceActor(services, id), _services);
            if (actor.Post(mail))
            {
                return;
            }

            _actors.TryRemove(KeyValuePair.Create(instanceId, actor));
        }
    }

    /// <summary>Something comes due at that time that nobody owns.</summary>
    void Schedule(DateTimeOffset at)
    {
        lock (_sweepGate)
        {
            // Never later than what it is set to already.
            if (at < _sweepAt)
            {
                SetSweep(at - _services.Clock.GetUtcNow());
            }
        }
    }

    void SetSweep(TimeSpan due)
    {
        // A timer of the platform waits 49 days at most; what is due later is found by a sweep before that.
        due = due < TimeSpan.Zero ? TimeSpan.Zero : due > s_longestSweep ? s_longestSweep : due;
        lock (_sweepGate)
        {
            _sweepAt = _services.Clock.GetUtcNow() + due;
            try
            {
                _sweep?.Change(due, Timeout.InfiniteTimeSpan);
            }
            catch (ObjectDisposedException)
            {
                // Stopped meanwhile.
            }
        }
    }

    void Sweep()
    {
        lock (_sweepGate)
        {
            if (_sweeping)
            {
                _sweepAgain = true;
                return;
            }

            _sweeping = true;
        }

        _ = SweepLoopAsync();
    }

    async Task SweepLoopAsync()
    {
        while (true)
        {
            await SweepAsync();
            lock (_sweepGate)
            {
                if (!_sweepAgain)
                {
                    _sweeping = false;
                    return;
                }

                _sweepAgain = false;
            }
        }
    }

    /// <summary>Wakes what nobody owns, and sets the clock for what comes due next.</summary>
    async Task SweepAsync()
    {
        var next = _options.SweepEvery;
        lock (_sweepGate)
        {
            _sweepAt = DateTimeOffset.MaxValue;
        }

        try
        {
            var now = _services.Clock.GetUtcNow();
            if (now - _tombstonesForgotten > TimeSpan.FromDays(1))
            {
                await _services.Store.Admin.ForgetTombstonesAsync(now - _options.DedupWindow, CancellationToken.None);
                _tombstonesForgotten = now;
            }

            await _services.Queues.RefreshAsync(CancellationToken.None);
            var max = _options.SweepClaimsMax;
            var found = await _services.Store.Owner.FindClaimableAsync(_membership.Live, now, max, CancellationToken.None);
            foreach (var instance in found)
            {
                if (_actors.TryGetValue(instance.InstanceId, out var actor))
                {
                    actor.Post(new Mail.ToBeHad(instance.Key, instance.OwnerEpoch));
                }

                Wake(instance.InstanceId);
            }

            if (_options.LookForLostHints)
            {
                foreach (var overlooked in await _services.Store.Owner.FindOverlookedAsync(_options.NodeId, now, max, CancellationToken.None))
                {
                    Wake(overlooked);
                }
            }

            if (found.Count == max)
            {
                next = TimeSpan.FromMilliseconds(200);
            }
            else if (await _services.Store.Owner.NextWakeAsync(CancellationToken.None) is { } at && at - now < next)
            {
                next = at > now ? at - now : TimeSpan.FromSeconds(1);
            }
        }
        catch (Exception e)
        {
            Log.SweepFault(_services.Log, e, e.Message);
        }

        var more = await RetainAsync();
        Schedule(_services.Clock.GetUtcNow() + (more ? s_nextBatch : next));
    }

    /// <summary>
    /// Removes a bounded number of runs whose time is over. One node of a cluster does: that two do at once harms nothing,
    /// so that it is enough to be the first by name. True: there is more.
    /// </summary>
    async Task<bool> RetainAsync()
    {
        var now = _services.Clock.GetUtcNow();
        if (!_options.Retention.Removes || now - _retainedAt < _options.RetentionEvery
            || _membership.Live.Any(other => string.CompareOrdinal(other, _options.NodeId) < 0))
        {
            return false;
        }

        try
        {
            _retention ??= Client.NewRetentionPass();
            var report = await _retention.RunAsync(_options.Retention, remove: true, _options.RetentionRunsMax, CancellationToken.None);
            if (report.Instances > 0)
            {
                Log.Retained(_services.Log, report.Instances);
            }

            _retainedAt = report.More ? _retainedAt : now;
            return report.More;
        }
        catch (Exception e)
        {
            _retainedAt = now;
            Log.SweepFault(_services.Log, e, e.Message);
            return false;
        }
    }

    /// <summary>Over the memory bound, idle instances go, the longest idle first; replay brings them back.</summary>
    void HotBytesChanged(long change)
    {
        if (Interlocked.Add(ref _hotBytes, change) <= _options.HotBytesMax || change <= 0)
        {
            return;
        }

        foreach (var actor in _actors.Values.Where(a => a.IsIdle)
            .OrderBy(a => a.LastStepAt).ThenBy(a => a.InstanceId, StringComparer.Ordinal).Take(16))
        {
            actor.Post(Mail.Evict.Now);
        }
    }
}
