using System.Net;
using Xunit;
using static Agents.Tests.Api.ApiFixture;

namespace Agents.Tests.Api;

public sealed class BodySizeTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_body_over_the_bound_is_refused(bool chunked)
    {
        await using var api = await StartAsync(bodyBytesMax: 4096);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/runs")
        {
            Content = Json($$"""{ "goal": "{{new string('x', 5000)}}" }"""),
        };
        request.Headers.TransferEncodingChunked = chunked;

        using var answer = await api.Owner.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
        Assert.Equal("AG6031", (await ReadAsync(answer)).GetProperty("code").GetString());
    }
}
