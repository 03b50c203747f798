using System.Text;
using System.Text.Json;
using Agents.Contracts.Pool;
using Agents.Contracts.Runs;
using Agents.Inference.Requests;
using Agents.Inference.Streaming;
using Agents.TestKit.Models;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Agents.Tests.Inference;

/// <summary>What a pool is told of a run's calls, and of what comes between them.</summary>
public sealed class PoolHintsTests : IAsyncLifetime
{
    static readonly PoolCall s_call = new("run-1", "2", "acme", RunClass.Batch);

    readonly FakeTimeProvider _clock = new();
    readonly ModelTransport _transport = new();
    FakeModelServer _pool = null!;

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _pool = await FakeModelServer.StartAsync(Cancel);
        _pool.Otherwise = r => r.Path.StartsWith("/pool/", StringComparison.Ordinal) ? FakeReply.Json(204, "") with { Parts = [] } : FakeReply.Answer("fine");
    }

    public async ValueTask DisposeAsync()
    {
        _transport.Dispose();
        await _pool.DisposeAsync();
    }

    ModelProfile Profile(bool pool = true) => new() { Name = "p", Model = "m", BaseUrl = _pool.BaseUrl, Pool = pool, ApiKeyEnv = "KEY" };

    PoolHints Hints() => new(_transport.For, _clock, _ => "secret");

    JsonElement LastHint()
    {
        var sent = _pool.Requests[^1];
        Assert.Equal(("POST", "/pool/runs/run-1", "Bearer secret"), (sent.Method, sent.Path, sent.Headers["Authorization"]));
        return JsonElement.Parse(sent.Body);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_call_names_its_run_only_where_a_pool_stands(bool pool)
    {
        var request = new ModelRequest
        {
            Profile = Profile(pool), Messages = [Encoding.UTF8.GetBytes("""{"role":"user","content":"hi"}""")], Pool = s_call,
        };
        var client = new ChatClient(_transport.For, TimeProvider.System, _ => "secret");
        Assert.IsType<ModelOutcome.Replied>(await client.CallAsync(request, null, Cancel));
        var headers = _pool.Requests.Single().Headers;
        Assert.Equal(pool, headers.ContainsKey(PoolHeaders.Run));
        if (pool)
        {
            Assert.Equal(("run-1", "2", "acme", "batch"), (headers[PoolHeaders.Run], headers[PoolHeaders.Prefix], headers[PoolHeaders.Tenant], headers[PoolHeaders.Class]));
        }
    }

    [Fact]
    public async Task A_run_at_its_tools_is_expected_back_after_as_long_as_they_took_before()
    {
        var hints = Hints();
        await hints.Replied(Profile(), s_call, ended: false);
        Assert.False(LastHint().TryGetProperty("backInMs", out _));
        Assert.Equal("2", LastHint().GetProperty("prefix").GetString());

        _clock.Advance(TimeSpan.FromSeconds(3));
        hints.Calls(s_call);
        _clock.Advance(TimeSpan.FromSeconds(60)); // the reply takes its time: that is not the tools'
        await hints.Replied(Profile(), s_call, ended: false);
        Assert.Equal(3_000, LastHint().GetProperty("backInMs").GetInt64());
        Assert.False(LastHint().GetProperty("ended").GetBoolean());

        await hints.Replied(Profile(), s_call, ended: true);
        Assert.True(LastHint().GetProperty("ended").GetBoolean());
    }

    [Fact]
    public async Task Nothing_is_sent_where_no_pool_stands_and_a_pool_that_is_away_harms_nobody()
    {
        await Hints().Replied(Profile(pool: false), s_call, ended: true);
        Assert.Empty(_pool.Requests);
        await Hints().Replied(Profile() with { BaseUrl = "http://127.0.0.1:9/v1" }, s_call, ended: true);
    }
}
