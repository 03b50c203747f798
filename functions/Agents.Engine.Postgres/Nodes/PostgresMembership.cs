using Agents.Engine.Nodes;
using Agents.Engine.Postgres.Database;
using Agents.Engine.Store;
using Microsoft.Extensions.Logging;

namespace Agents.Engine.Postgres.Nodes;

/// <summary>
/// Nodes that find each other by the store alone: each counts in a row of its own, whoever sees a row stand still deletes
/// it and with it declares its node dead, and a node that misses its own row stops. See README.md of this folder.
/// </summary>
internal sealed class PostgresMembership(
    Database.Database database, StoreClock clock, MembershipOptions options, ILogger logger)
    : IMembership, ICommitNews
{
    const int HintsMax = 256;
    const int GoneMax = 10_000;

    /// <summary>Nodes say nothing to each other here; who reads what another node runs looks again so often.</summary>
    static readonly TimeSpan s_lookEvery = TimeSpan.FromMilliseconds(250);

    readonly CancellationTokenSource _stop = new();
    readonly Sightings _sightings = new(clock, options);
    readonly Lock _gate = new();
    readonly HashSet<string> _gone = new(StringComparer.Ordinal);
    HashSet<string> _live = new(StringComparer.Ordinal);
    IMember? _member;
    Task _beating = Task.CompletedTask;
    bool _othersBusy;
    bool _deaf;
    volatile bool _retired;

    public IReadOnlyCollection<string> Live => Volatile.Read(ref _live);

    public ICommitNews News => this;

    public async Task JoinAsync(IMember node, CancellationToken cancel)
    {
        _member = node;
        await database.ReadAsync(
            session => session.ExecuteAsync(
                session.Call("Join").Bind(options.Place).Bind(node.NodeId).Bind((int)options.BeatEvery.TotalMilliseconds), cancel),
            cancel);
        await BeatAsync(node, cancel);
        _beating = BeatLoopAsync(node);
    }

    public async ValueTask<bool> MayClaimAsync(string instanceId, string? owner, CancellationToken cancel)
    {
        if (owner is null || owner == _member?.NodeId)
        {
            return !_retired || owner is not null;
        }

        lock (_gate)
        {
            if (_live.Contains(owner) || _gone.Contains(owner))
            {
                return !_live.Contains(owner);
            }
        }

        // Not known: it may have joined since. Whoever is not there after its claim was seen will not come back.
        var there = await NodeWatch.ReadAsync(database, cancel);
        lock (_gate)
        {
            if (there.Exists(node => node.Id == owner))
            {
                _live = [.. _live, owner];
                return false;
            }

            Remember([owner]);
            return true;
        }
    }

    public void Released(string instanceId, bool handedOn)
    {
        // The others find it by its wake time or its message, with their next count.
    }

    public Task RetireAsync(CancellationToken cancel)
    {
        _retired = true;
        return Task.CompletedTask;
    }

    public ValueTask<TimeSpan?> ListenAsync(string instanceId, CancellationToken cancel) => new(s_lookEvery);

    public void Committed(string instanceId)
    {
        // Readers elsewhere look for themselves.
    }

    public void Released(string instanceId)
    {
        // Readers elsewhere look for themselves.
    }

    public async Task LeaveAsync(CancellationToken cancel)
    {
        await StopAsync();
        if (_member is null)
        {
            return;
        }

        try
        {
            await database.ReadAsync(
                session => session.ExecuteAsync(session.Call("Leave").Bind(_member.NodeId), cancel), cancel);
        }
        catch (StoreUnavailableException e)
        {
            Log.LeftUnheard(logger, e.Message);   // the others will find out
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _beating;
    }

    async Task BeatLoopAsync(IMember member)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Every(member), clock, _stop.Token);
                if (!await TryBeatAsync(member))
                {
                    return;
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Told to leave.
        }
    }

    TimeSpan Every(IMember member) => member.HotInstances > 0 || _othersBusy ? options.BeatEvery : options.IdleBeatEvery;

    async Task<bool> TryBeatAsync(IMember member)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        patience.CancelAfter(options.DeadAfter);
        try
        {
            var goes = await BeatAsync(member, patience.Token);
            _deaf = false;
            return goes;
        }
        catch (StoreUnavailableException e) when (!_stop.IsCancellationRequested && PostgresFault.IsGone(e))
        {
            member.DeclaredDead($"AG1118: {database.Where} is gone, with all that was in it");
            return false;
        }
        catch (Exception e) when (!_stop.IsCancellationRequested)
        {
            if (!_deaf)
            {
                Log.Deaf(logger, e.Message);
            }

            _deaf = true;
            return true;
        }
    }

    /// <summary>False: this node's row is gone, the others hold it for dead.</summary>
    async Task<bool> BeatAsync(IMember member, CancellationToken cancel)
    {
        var every = Every(member);
        var asked = clock.GetTimestamp();
        var rows = await database.ReadAsync(
            session => session.QueryAsync(
                session.Call("Beat").Bind((int)every.TotalMilliseconds).Bind(member.NodeId).Bind(clock.GetUtcNow())
                    .Bind((long)HintsMax),
                row => (Kind: row.Int(0), Id: row.TextOrNull(1) ?? "", Beats: row.Long(2), Every: row.Int(3), At: row.Long(4)),
                cancel),
            cancel);
        var roundTrip = clock.GetElapsedTime(asked);
        var nodes = rows.Where(row => row.Kind == 0)
            .Select(row => new NodeRow(row.Id, row.Beats, TimeSpan.FromMilliseconds(row.Every))).ToList();
        if (!nodes.Exists(node => node.Id == member.NodeId))
        {
            Log.DeclaredDead(logger, database.Where);
            member.DeclaredDead(
                $"AG1118: the other nodes of {database.Where} did not hear of this one for a while and took its runs over");
            return false;
        }

        clock.Set(new DateTimeOffset(rows.Find(row => row.Kind == 0).At, TimeSpan.Zero), roundTrip);
        var someoneWent = await BuryAsync(member.NodeId, nodes, cancel);
        foreach (var hint in rows.Where(row => row.Kind == 1))
        {
            member.Wake(hint.Id);
        }

        if (someoneWent || rows.Exists(row => row.Kind == 2))
        {
            member.LookAround();
        }

        return true;
    }

    /// <summary>Declares dead whose counts stood still, and takes note of who is at work; true: somebody is not any more.</summary>
    async Task<bool> BuryAsync(string self, List<NodeRow> nodes, CancellationToken cancel)
    {
        var others = nodes.Where(node => node.Id != self).ToList();
        foreach (var missed in _sightings.Look(others))
        {
            if (await database.ReadAsync(
                session => session.ExecuteAsync(session.Call("DeclareDead").Bind(missed.Id).Bind(missed.Beats), cancel), cancel) == 1)
            {
                Log.Buried(logger, missed.Id, missed.Every);
                nodes.Remove(missed);
            }
        }

        _othersBusy = others.Exists(node => node.Every < options.IdleBeatEvery && nodes.Contains(node));
        var live = nodes.Select(node => node.Id).ToHashSet(StringComparer.Ordinal);
        lock (_gate)
        {
            var went = _live.Except(live).ToList();
            Remember(went);
            _live = live;
            return went.Count > 0;
        }
    }

    void Remember(List<string> gone)
    {
        if (_gone.Count > GoneMax)
        {
            _gone.Clear();   // whoever is asked about again is looked for again
        }

        _gone.UnionWith(gone);
    }
}
