using Agents.Cluster.Placing;
using Agents.Cluster.Talk;
using Agents.Engine.Nodes;
using Agents.Engine.Store;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;

namespace Agents.Cluster;

/// <summary>
/// Membership of a node in a cluster of them over one store, by Microsoft Orleans: who lives, where an instance that
/// nobody owns goes, and hints between nodes. See README.md of this project.
/// </summary>
public sealed class ClusterMembership : IMembership
{
    readonly IHost _host;
    readonly Here _here;
    readonly LoadBoard _board;
    readonly NodeServices _nodes;
    readonly IClusterMembershipService _silos;
    readonly Members.LiveNodes _live;
    readonly Router _router;
    readonly CommitNews _news;
    readonly IMemberStore _members;
    readonly ClusterSettings _settings;
    readonly TimeProvider _clock;
    readonly ILogger _log;
    readonly CancellationTokenSource _stop = new();
    ITimer? _pulse;
    NodeLoad _reported;
    DateTimeOffset _reportedAt;
    long _pulsedAt;
    bool _joined;
    int _left;

    ClusterMembership(IHost host, IMemberStore members, ClusterSettings settings, TimeProvider clock, ILogger log)
    {
        (_host, _members, _settings, _clock, _log) = (host, members, settings, clock, log);
        var services = host.Services;
        _here = services.GetRequiredService<Here>();
        _board = services.GetRequiredService<LoadBoard>();
        _nodes = services.GetRequiredService<NodeServices>();
        _silos = services.GetRequiredService<IClusterMembershipService>();
        _live = new Members.LiveNodes(_silos, _here.Silo);
        _router = new Router(_here, _live, _nodes, services.GetRequiredService<IGrainFactory>(), clock, log);
        _news = new CommitNews(_live, _nodes, services.GetRequiredService<Listeners>(), settings.ListenFor, clock, _here.Silo);
        services.GetRequiredService<FatalFaults>().Said = DeclareDead;
    }

    /// <summary>Name of this node as owner of instances: its address and when it was made. Never used twice.</summary>
    public string NodeId => _here.Silo.ToParsableString();

    public IReadOnlyCollection<string> Live => _live.Ids;

    public ICommitNews News => _news;

    /// <summary>Makes a node that has not joined yet. Throws <see cref="StoreUnavailableException"/> when the settings cannot be used.</summary>
    public static ClusterMembership Create(ClusterSettings settings, IMemberStore members, TimeProvider clock, ILogger log)
    {
        settings.Check();
        return new ClusterMembership(SiloHost.Build(settings, members, clock, log), members, settings, clock, log);
    }

    public async Task JoinAsync(IMember node, CancellationToken cancel)
    {
        if (node.NodeId != NodeId)
        {
            throw new ArgumentException($"the engine calls itself '{node.NodeId}', this member is '{NodeId}'", nameof(node));
        }

        _here.Engine = node;
        try
        {
            await Members.Predecessors.BuryAsync(_members, _settings.Place, cancel);
            await _host.StartAsync(cancel);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw new StoreUnavailableException(
                $"AG1203: this node cannot join the cluster '{_settings.Name}' as {_here.Silo.Endpoint}: {e.Message.TrimEnd('.')}. "
                + "Check that the address is this machine's, that the port is free, and that the other nodes can be reached.", e);
        }

        _joined = true;
        _live.Take(_silos.CurrentSnapshot);
        Log.Joined(_log, _settings.Name, NodeId, _live.Others.Count);
        _ = FollowAsync(node);
        _ = LookAsync(node);
        _pulse = _clock.CreateTimer(_ => Pulse(), null, _settings.ReportEvery, _settings.ReportEvery);
        await _news.GreetAsync(_live.Others);
        Report(now: true);
    }

    public ValueTask<bool> MayClaimAsync(string instanceId, string? owner, CancellationToken cancel) =>
        _router.MayClaimAsync(instanceId, owner, cancel);

    public void Released(string instanceId, bool handedOn) => _router.Released(instanceId, handedOn);

    public async Task RetireAsync(CancellationToken cancel)
    {
        _here.Leaving = true;
        var load = Load();
        _board.Report(_here.Silo, load);
        await Calls.AllAsync(_live.Others, node => _nodes.At(node).ReportAsync(_here.Silo, load), TimeSpan.FromMilliseconds(200), _clock);
    }

    public async Task LeaveAsync(CancellationToken cancel)
    {
        if (Interlocked.Exchange(ref _left, 1) != 0 || !_joined)
        {
            return;
        }

        if (_pulse is not null)
        {
            await _pulse.DisposeAsync();
        }

        await _router.HandedOnAsync(TimeSpan.FromMilliseconds(300));
        await _stop.CancelAsync();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(TimeSpan.FromSeconds(2));
        try
        {
            await _host.StopAsync(limit.Token);
            Log.Left(_log, _settings.Name, NodeId);
        }
        catch (Exception e)
        {
            // The others find out by themselves.
            Log.LeftUnheard(_log, e, e.Message);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await LeaveAsync(CancellationToken.None);
        _stop.Dispose();
        if (_host is IAsyncDisposable host)
        {
            await host.DisposeAsync();
        }
    }

    async Task FollowAsync(IMember node)
    {
        try
        {
            await foreach (var snapshot in _silos.MembershipUpdates.WithCancellation(_stop.Token))
            {
                var change = _live.Take(snapshot);
                foreach (var gone in change.Gone)
                {
                    await EndSessionAsync(snapshot, gone);
                    Log.NodeGone(_log, gone.ToParsableString());
                    _board.Forget(gone);
                }

                foreach (var come in change.Come)
                {
                    Log.NodeCame(_log, come.ToParsableString());
                }

                if (change.Gone.Count > 0)
                {
                    node.LookAround();
                }

                await _news.GreetAsync(change.Come);
            }
        }
        catch (OperationCanceledException)
        {
            // Left.
        }
    }

    /// <summary>A dead node's open transaction would hold what is to be taken over.</summary>
    async Task EndSessionAsync(ClusterMembershipSnapshot snapshot, SiloAddress gone)
    {
        try
        {
            if (snapshot.Members.TryGetValue(gone, out var member) && member.Name is { Length: > 0 } session)
            {
                await _members.EndSessionAsync(session, _stop.Token);
            }
        }
        catch (Exception e) when (e is StoreUnavailableException)
        {
            Log.SessionNotEnded(_log, gone.ToParsableString(), e.Message);
        }
    }

    /// <summary>Command lines and nodes that died after a write tell nobody; one cheap question finds what they left.</summary>
    async Task LookAsync(IMember node)
    {
        try
        {
            while (true)
            {
                await Task.Delay(node.HotInstances > 0 ? _settings.LookEvery : _settings.LookIdleEvery, _clock, _stop.Token);
                if (!_here.Leaving && await HasWorkAsync())
                {
                    node.LookAround();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Left.
        }
    }

    async Task<bool> HasWorkAsync()
    {
        try
        {
            return await _members.HasWorkAsync(NodeId, _clock.GetUtcNow(), _stop.Token);
        }
        catch (StoreUnavailableException)
        {
            return false;   // said where it is written to
        }
    }

    /// <summary>Once a second: say what changed, forget who listens no more, make room.</summary>
    void Pulse()
    {
        _news.Tidy();
        LookAfterStandstill();
        Report(now: false);
        if (_here is { Engine: { } engine, Leaving: false })
        {
            var leave = Balance.Excess(Load(), [.. _live.Others.Select(_board.Of)], _settings.MemoryShareMax);
            if (leave > 0)
            {
                Log.MakesRoom(_log, leave, engine.HotInstances);
                engine.HandOver(leave);
            }
        }
    }

    /// <summary>This process stood still for a while: the others may hold it for dead, and the sooner it knows the better.</summary>
    void LookAfterStandstill()
    {
        var now = _clock.GetTimestamp();
        if (_pulsedAt != 0 && _clock.GetElapsedTime(_pulsedAt, now) > _settings.ReportEvery + (_settings.ProbeTimeout * _settings.MissedProbesMax))
        {
            _ = _silos.Refresh(default, _stop.Token).AsTask().ContinueWith(
                static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }

        _pulsedAt = now;
    }

    void Report(bool now)
    {
        var load = Load();
        _board.Report(_here.Silo, load);
        var changed = Math.Abs(load.Instances - _reported.Instances) > _reported.Instances / 20
            || Math.Abs(load.Memory - _reported.Memory) > 0.05;
        if (!now && !changed && _clock.GetUtcNow() - _reportedAt < _settings.ReportEvery * 10)
        {
            return;
        }

        (_reported, _reportedAt) = (load, _clock.GetUtcNow());
        _ = Calls.AllAsync(_live.Others, node => _nodes.At(node).ReportAsync(_here.Silo, load), _settings.ReportEvery, _clock);
    }

    NodeLoad Load() => new(_here.Engine?.HotInstances ?? 0, NodeLoad.MemoryNow(), _here.Leaving);

    void DeclareDead(string why)
    {
        _here.Leaving = true;
        if (!_joined)
        {
            return;   // joining fails, and says why
        }

        Log.DeclaredDead(_log, NodeId, why);
        _here.Engine?.DeclaredDead($"AG1204: the other nodes hold this one ({NodeId}) for dead: {why}");
    }
}
