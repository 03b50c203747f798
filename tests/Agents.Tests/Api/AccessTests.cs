using System.Net;
using Agents.Access;
using Xunit;

namespace Agents.Tests.Api;

/// <summary>Guests show a key where there are keys; the owner's socket asks for nothing.</summary>
public sealed class AccessTests
{
    const string Key = "0123456789abcdef";

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(null, null, HttpStatusCode.Unauthorized)]
    [InlineData("x-api-key", "wrong", HttpStatusCode.Unauthorized)]
    [InlineData("authorization", "Bearer wrong", HttpStatusCode.Unauthorized)]
    [InlineData("authorization", "Basic 0123456789abcdef", HttpStatusCode.Unauthorized)]
    [InlineData("x-api-key", Key, HttpStatusCode.OK)]
    [InlineData("authorization", $"Bearer {Key}", HttpStatusCode.OK)]
    public async Task A_guest_shows_a_key(string? header, string? shown, HttpStatusCode expected)
    {
        await using var api = await ApiFixture.StartAsync(access: new AccessRules().WithKey("k", Key));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/runs");
        if (header is not null)
        {
            request.Headers.TryAddWithoutValidation(header, shown);
        }

        using var answer = await api.Guest.SendAsync(request, Cancel);

        Assert.Equal(expected, answer.StatusCode);
        if (expected == HttpStatusCode.Unauthorized)
        {
            Assert.Equal("AG6052", (await ApiFixture.ReadAsync(answer)).GetProperty("code").GetString());
            Assert.Equal("Bearer", answer.Headers.WwwAuthenticate.Single().Scheme);
        }
    }

    [Fact]
    public async Task A_key_of_another_hub_does_not_open_the_runs()
    {
        var other = new AccessKey("other", AccessKey.DigestOf(Key), ["orders"]);
        await using var api = await ApiFixture.StartAsync(access: new AccessRules { Keys = [other] });
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/runs");
        request.Headers.Add("x-api-key", Key);

        using var answer = await api.Guest.SendAsync(request, Cancel);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Fact]
    public async Task The_owner_and_who_asks_for_health_show_nothing()
    {
        await using var api = await ApiFixture.StartAsync(access: new AccessRules().WithKey("k", Key));

        using var runs = await api.Owner.GetAsync("/api/v1/runs", Cancel);
        using var health = await api.Guest.GetAsync("/healthz", Cancel);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (runs.StatusCode, health.StatusCode));
    }

    [Fact]
    public async Task What_is_wrong_is_told_to_whom_it_concerns()
    {
        await using var api = await ApiFixture.StartAsync(access: new AccessRules().WithKey("k", Key), warnings: ["nobody works"]);

        var guest = await ApiFixture.ReadAsync(await api.Guest.GetAsync("/healthz", Cancel));
        var owner = await ApiFixture.ReadAsync(await api.Owner.GetAsync("/healthz", Cancel));

        Assert.Equal(("warning", 0), (guest.GetProperty("status").GetString(), guest.TryGetProperty("warnings", out _) ? 1 : 0));
        Assert.Equal("nobody works", owner.GetProperty("warnings")[0].GetString());
    }
}
