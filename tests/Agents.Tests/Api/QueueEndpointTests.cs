using System.Net;
using System.Text;
using Agents.Client.Remote;
using Agents.Contracts.Client;
using Xunit;

namespace Agents.Tests.Api;

/// <summary>The owner bounds queues, everybody who may read sees them, and what is no bound is refused.</summary>
public sealed class QueueEndpointTests
{
    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_owner_bounds_a_queue_and_a_guest_sees_it()
    {
        await using var api = await ApiFixture.StartAsync();
        var set = await PostAsync(api.Owner, """{"queue":"kimi","concurrency":8,"rateCount":60,"ratePer":"00:01:00"}""");
        var guest = await PostAsync(api.Guest, """{"queue":"kimi","concurrency":9000}""");
        var seen = await ApiFixture.ReadAsync(await api.Guest.GetAsync("/api/v1/queues", Cancel));

        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.Forbidden), (set.StatusCode, guest.StatusCode));
        Assert.Equal(
            """[{"limit":{"queue":"kimi","concurrency":8,"rateCount":60,"ratePer":"00:01:00"},"held":0,"waiting":0}]""",
            seen.GetRawText());
    }

    [Theory]
    [InlineData("""{"queue":"","concurrency":1}""")]
    [InlineData("""{"queue":"a/b","concurrency":1}""")]
    [InlineData("""{"queue":"q","concurrency":0}""")]
    [InlineData("""{"queue":"q","perKey":-1}""")]
    [InlineData("""{"queue":"q","rateCount":5}""")]
    [InlineData("""{"queue":"q","rateCount":5,"ratePer":"3.00:00:00"}""")]
    [InlineData("""{"concurrency":1}""")]
    [InlineData("[]")]
    public async Task What_is_no_bound_is_refused(string body)
    {
        await using var api = await ApiFixture.StartAsync();
        var answer = await PostAsync(api.Owner, body);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal(0, (await ApiFixture.ReadAsync(await api.Owner.GetAsync("/api/v1/queues", Cancel))).GetArrayLength());
    }

    [Fact]
    public async Task Another_process_bounds_and_frees_over_the_socket()
    {
        await using var api = await ApiFixture.StartAsync();
        var queues = new HttpQueues(HttpApi.OnSocket(api.Socket), null);
        await queues.SetQueueAsync(new QueueLimit("crm") { PerKey = 1 }, Cancel);
        Assert.Equal(1, Assert.Single(await queues.ListQueuesAsync(Cancel)).Limit.PerKey);
        await queues.SetQueueAsync(new QueueLimit("crm"), Cancel);
        Assert.Empty(await queues.ListQueuesAsync(Cancel));
    }

    static Task<HttpResponseMessage> PostAsync(HttpClient client, string body) =>
        client.PostAsync("/api/v1/queues", new StringContent(body, Encoding.UTF8, "application/json"), Cancel);
}
