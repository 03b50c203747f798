using System.Collections.Concurrent;
using Agents.Cluster.Members;
using Agents.Cluster.Talk;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;

namespace Agents.Cluster.Placing;

/// <summary>
/// Whose an instance is. One that a live node owns is that node's: the row says so, and the node is told to look. One
/// that nobody owns goes where its grain is activated, and there it is claimed.
/// </summary>
internal sealed class Router(
    Here here, LiveNodes live, NodeServices nodes, IGrainFactory grains, TimeProvider clock, ILogger log)
{
    const int TriesMax = 4;

    static readonly TimeSpan s_answerWithin = TimeSpan.FromSeconds(1);
    static readonly TimeSpan s_tryAgainAfter = TimeSpan.FromMilliseconds(150);

    readonly ConcurrentDictionary<Task, bool> _handingOn = new();

    public async ValueTask<bool> MayClaimAsync(string instanceId, string? owner, CancellationToken cancel)
    {
        if (here.Leaving)
        {
            _ = PlaceAsync(instanceId, asker: null);
            return false;
        }

        if (owner is not null && await live.FindAsync(owner, cancel) is { } node)
        {
            if (node.Equals(here.Silo))
            {
                return true;
            }

            _ = TellAsync(node, instanceId);
            return false;
        }

        return here.IsPlaced(instanceId) || here.Silo.Equals(await PlaceAsync(instanceId, here.Silo));
    }

    public void Released(string instanceId, bool handedOn)
    {
        var released = here.Release(instanceId);
        if (handedOn && (!here.Leaving || live.Others.Count > 0))
        {
            var handing = HandOnAsync(released, instanceId);
            _handingOn[handing] = true;
            _ = handing.ContinueWith(
                done => _handingOn.TryRemove(done, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
        }
    }

    /// <summary>What was handed on last is on its way; the others look around when this node is gone anyway.</summary>
    public async Task HandedOnAsync(TimeSpan patience)
    {
        try
        {
            await Task.WhenAll(_handingOn.Keys).WaitAsync(patience, clock);
        }
        catch (TimeoutException)
        {
            // They find it by themselves.
        }
    }

    async Task HandOnAsync(Task released, string instanceId)
    {
        // Placed again only when it is off this node: its activation would be called here otherwise.
        await Task.WhenAny(released, Task.Delay(s_answerWithin, clock));
        await PlaceAsync(instanceId, asker: null);
    }

    /// <summary>The node that takes the instance; null when none could be had now: a sweep finds the instance again.</summary>
    async Task<SiloAddress?> PlaceAsync(string instanceId, SiloAddress? asker)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await grains.GetGrain<IInstanceGrain>(instanceId).WakeAsync(asker).WaitAsync(s_answerWithin, clock);
            }
            catch (Exception e) when (attempt < TriesMax)
            {
                Log.PlacesAgain(log, instanceId, e.Message);
            }
            catch (Exception e)
            {
                Log.NotPlaced(log, instanceId, e.Message);
                return null;
            }

            await Task.Delay(s_tryAgainAfter * attempt, clock);
        }
    }

    async Task TellAsync(SiloAddress node, string instanceId)
    {
        for (var attempt = 1; attempt <= TriesMax && live.Others.Contains(node); attempt++)
        {
            try
            {
                await nodes.At(node).WakeAsync(instanceId).WaitAsync(s_answerWithin, clock);
                return;
            }
            catch (Exception e)
            {
                Log.NotTold(log, node.ToParsableString(), instanceId, e.Message);
            }

            await Task.Delay(s_tryAgainAfter * attempt, clock);
        }
    }
}
