using Agents.Contracts.Client;

namespace Agents.Client.Remote;

/// <summary>The queues of another process, over its REST API.</summary>
public sealed class HttpQueues(HttpApi api, string? hub) : IQueueClient
{
    readonly string _address = "/api/v1/queues" + HttpApi.Query(("hub", hub));

    public async Task<IReadOnlyList<QueueView>> ListQueuesAsync(CancellationToken cancel) =>
        await api.GetAsync(_address, ClientJson.Default.IReadOnlyListQueueView, cancel) ?? [];

    public async Task SetQueueAsync(QueueLimit limit, CancellationToken cancel)
    {
        using var request = HttpApi.Post(_address, limit, ClientJson.Default.QueueLimit);
        using var answer = await api.SendAsync(request, cancel);
    }
}
