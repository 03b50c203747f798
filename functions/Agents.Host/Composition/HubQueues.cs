using Agents.Contracts.Client;
using Agents.Engine.Store;

namespace Agents.Host.Composition;

/// <summary>Queues that can be asked until they are closed.</summary>
sealed record OpenQueues(IQueueClient Queues, Func<ValueTask> CloseAsync);

/// <summary>The queues of a task hub, held open for one call at a time.</summary>
sealed class HubQueues(Func<CancellationToken, Task<OpenQueues>> open) : IQueueClient
{
    public async Task<IReadOnlyList<QueueView>> ListQueuesAsync(CancellationToken cancel)
    {
        var opened = await open(cancel);
        try
        {
            return await opened.Queues.ListQueuesAsync(cancel);
        }
        finally
        {
            await opened.CloseAsync();
        }
    }

    public async Task SetQueueAsync(QueueLimit limit, CancellationToken cancel)
    {
        var opened = await open(cancel);
        try
        {
            await opened.Queues.SetQueueAsync(limit, cancel);
        }
        finally
        {
            await opened.CloseAsync();
        }
    }
}

/// <summary>Of a hub whose nodes are other processes: they hear of a bound within a minute, or when they next ask.</summary>
sealed class StoredQueues(IQueueStore store) : IQueueClient
{
    public Task<IReadOnlyList<QueueView>> ListQueuesAsync(CancellationToken cancel) => store.ReadQueuesAsync(cancel);

    public Task SetQueueAsync(QueueLimit limit, CancellationToken cancel) => store.SetQueueAsync(limit, cancel);
}
