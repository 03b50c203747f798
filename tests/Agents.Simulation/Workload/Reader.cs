using Agents.Contracts.Client;
using Agents.Contracts.Instances;
using Agents.Engine;
using Agents.Simulation.Checks;
using Agents.Simulation.Nodes;
using Agents.Simulation.Scheduling;

namespace Agents.Simulation.Workload;

/// <summary>Follows one run's stream from its start, loses the connection now and then and rejoins where it was.</summary>
sealed class Reader(string instanceId, Door door, SimScheduler scheduler, SimCluster cluster, SimRandom random, Observer observer)
{
    readonly List<StreamItem> _items = [];

    public string InstanceId => instanceId;

    public IReadOnlyList<StreamItem> Items => _items;

    public async Task FollowAsync()
    {
        while (true)
        {
            await Task.Delay(random.Between(TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(400)), door.Clock);
            if (cluster.Current is { IsLive: true } node)
            {
                await SitAsync(node);
            }
        }
    }

    /// <summary>One connection; it ends with the process, by chance, or when the run is over.</summary>
    async Task SitAsync(SimNode node)
    {
        var over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var cancel = new CancellationTokenSource();
        var token = cancel.Token;
        var after = _items.Count == 0 ? (StreamOffset?)null : _items[^1].Offset;
        scheduler.After(TimeSpan.FromMilliseconds(1), node.Lane, () => _ = ReadAsync(node.Engine, after, over, token));
        scheduler.After(
            random.Between(TimeSpan.FromMilliseconds(20), TimeSpan.FromSeconds(4)), door.Clients, () => over.TrySetResult());
        await over.Task;
        cancel.Cancel();
    }

    async Task ReadAsync(EngineNode engine, StreamOffset? after, TaskCompletionSource over, CancellationToken cancel)
    {
        try
        {
            await foreach (var item in engine.Client.ReadStreamAsync(new InstanceId(instanceId), after, cancel))
            {
                // A line that was cut shows nothing more.
                if (over.Task.IsCompleted)
                {
                    return;
                }

                observer.Shown(instanceId, item);
                if (_items.Count > 0 && item.Offset.CompareTo(_items[^1].Offset) <= 0)
                {
                    observer.Breach($"[I11] {instanceId}: the stream shows {item.Offset} behind {_items[^1].Offset}");
                }

                _items.Add(item);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or Engine.Store.StoreUnavailableException)
        {
            // The reader comes back.
        }
        catch (Exception e) when (observer.IsThere(instanceId))
        {
            observer.Breach($"[I11] {instanceId}: reading the stream ended in {e}");
        }

        finally
        {
            over.TrySetResult();
        }
    }
}
