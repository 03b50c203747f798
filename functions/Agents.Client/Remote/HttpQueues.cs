using Agents.Contracts.Client;

namespace Agents.Client.Remote;

/// <summary>The queues of another process, over its REST API.</summary>
public sealed class HttpQueues(HttpApi api) : IQueueClient
{
    public async Task<IReadOnlyList<QueueView>> ListQueuesAsync(CancellationToken cancel) =>
        await api.GetAsync("/api/v1/queues", ClientJson.Default.IReadOnlyListQueueView, cancel) ?? [];

    public async Task SetQueueAsync(QueueLimit limit, CancellationToken cancel)
    {
        using var request = HttpApi.Post("/api/v1/queues", limit, ClientJson.Default.QueueLimit);
        using var answer = await api.SendAsync(request, cancel);
    }
}
