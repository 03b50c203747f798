using System.Net;
using System.Text.Json;
using Agents.Contracts.Runs;
using Agents.Contracts.Work;
using Agents.TestKit.Effects;
using Agents.Tools.Http;
using Agents.Tools.Running;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Agents.Tests.Tools;

public sealed class HttpTests
{
    static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("example.org", "https://example.org/x", true)]
    [InlineData("example.org", "https://EXAMPLE.org/x", true)]
    [InlineData("example.org", "https://example.org:8443/x", false)]
    [InlineData("example.org:8443", "https://example.org:8443/x", true)]
    [InlineData("example.org", "https://a.example.org/x", false)]
    [InlineData("*.example.org", "https://a.b.example.org/x", true)]
    [InlineData("*.example.org", "https://example.org/x", false)]
    [InlineData("*.example.org", "https://evilexample.org/x", false)]
    [InlineData("example.org", "https://example.org@evil.org/x", false)]
    [InlineData("example.org", "ftp://example.org/x", false)]
    [InlineData("127.0.0.1:80", "http://127.0.0.1/x", true)]
    [InlineData("[::1]:8080", "http://[::1]:8080/x", true)]
    public void The_allow_list_is_exact(string entry, string address, bool allowed) =>
        Assert.Equal(allowed, new AllowList([entry]).Refuse(new Uri(address)) is null);

    [Theory]
    [InlineData("example.org", "10.0.0.1", false)]
    [InlineData("example.org", "169.254.169.254", false)]
    [InlineData("example.org", "::ffff:127.0.0.1", false)]
    [InlineData("example.org", "fd00::1", false)]
    [InlineData("example.org", "93.184.216.34", true)]
    [InlineData("localhost", "127.0.0.1", true)]
    [InlineData("10.0.0.1", "10.0.0.1", true)]
    public void A_public_name_that_resolves_inward_is_not_connected(string host, string address, bool allowed) =>
        Assert.Equal(allowed, new AllowList([host]).MayConnect(host, IPAddress.Parse(address)));

    [Fact]
    public async Task Fetching_is_bounded_and_redirects_are_checked_again()
    {
        await using var site = await SiteAsync();
        await using var bench = new ToolBench();
        var address = site.Urls.First();
        Assert.Contains("not on the allow list", await FetchAsync(bench, address + "/text"));

        bench.Settings = bench.Settings with { HttpAllow = [new Uri(address).Authority] };
        Assert.Equal(
            $$"""{"url":"{{address}}/text","status":200,"contentType":"text/plain","text":"hé","truncated":true}""",
            (await bench.ReplyAsync("http_fetch", JsonSerializer.Serialize(new { url = address + "/text", maxBytes = 3 }))).Content);
        Assert.Contains("\"text\":\"héllo\"", await FetchAsync(bench, address + "/inside"));
        Assert.Contains("a redirect was not followed: host 'example.org'", await FetchAsync(bench, address + "/outside"));
        Assert.Contains("more than 5 redirects", await FetchAsync(bench, address + "/loop"));
        Assert.Contains("is binary", await FetchAsync(bench, address + "/binary"));
        Assert.Contains("\"status\":404", await FetchAsync(bench, address + "/missing"));
    }

    [Fact]
    public async Task An_http_tool_carries_its_key_and_arrives_once()
    {
        await using var recorder = await EffectRecorder.StartAsync();
        await using var bench = await BenchAsync(recorder, probe: true, fences: false);
        var reply = await bench.ReplyAsync("pay", """{"amount":5}""", "key-1");
        Assert.Equal("""{"recorded":"pay","body":{"amount":5}}""", reply.Content);
        var arrival = Assert.Single(recorder.Book.All);
        Assert.Equal(("key-1", "pay", """{"amount":5}"""), (arrival.Key, arrival.Tool, arrival.Body));
    }

    [Fact]
    public async Task A_connection_cut_behind_the_effect_is_cleared_up_by_the_probe()
    {
        await using var recorder = await EffectRecorder.StartAsync();
        await using var bench = await BenchAsync(recorder, probe: true, fences: false);
        recorder.CutNext(1);
        var run = Assert.IsType<ToolRun.Replied>(await bench.RunAsync("pay", """{"amount":5}""", "key-1"));
        Assert.Equal("""{"recorded":"pay","body":{"amount":5}}""", run.Reply.Content);
        Assert.NotNull(run.Evidence);
        Assert.Single(recorder.Book.All);
    }

    [Fact]
    public async Task Without_a_probe_a_cut_connection_is_in_doubt_and_sent_only_once()
    {
        await using var recorder = await EffectRecorder.StartAsync();
        await using var bench = await BenchAsync(recorder, probe: false, fences: false);
        await bench.RunAsync("pay", """{"amount":1}""", "key-0");
        recorder.CutNext(100);
        var doubt = Assert.IsType<ToolRun.InDoubt>(await bench.RunAsync("pay", """{"amount":5}""", "key-1"));
        Assert.Contains("no probe", doubt.Why);
        Assert.Equal(["key-0", "key-1"], recorder.Book.All.Select(a => a.Key));
        Assert.IsType<ToolRun.InDoubt>(await bench.RunAsync(
            "pay", """{"amount":5}""", "key-1", "a1", 2, ActivityMode.Reconcile, gone: true));
    }

    [Theory]
    [InlineData(false, false, false)]
    [InlineData(false, true, true)]
    [InlineData(true, false, true)]
    public async Task Absent_counts_if_the_probe_fences_or_the_predecessor_is_gone(bool fences, bool gone, bool counts)
    {
        await using var recorder = await EffectRecorder.StartAsync();
        await using var bench = await BenchAsync(recorder, probe: true, fences);
        var run = await bench.RunAsync("pay", """{"amount":5}""", "key-1", "a1", 2, ActivityMode.Reconcile, gone);
        Assert.Equal(counts, run is ToolRun.Absent);
        Assert.Equal(!counts, run is ToolRun.InDoubt);
        if (fences)
        {
            // The sleeper's request arrives after the probe, and is turned away.
            var late = Assert.IsType<ToolRun.Replied>(await bench.RunAsync("pay", """{"amount":5}""", "key-1"));
            Assert.Contains("409", late.Reply.Content);
        }

        Assert.Empty(recorder.Book.All);
    }

    [Fact]
    public async Task A_held_answer_times_out_into_the_probe()
    {
        await using var recorder = await EffectRecorder.StartAsync();
        var clock = new FakeTimeProvider();
        await using var bench = await BenchAsync(recorder, probe: true, fences: false, clock);
        recorder.Hold();
        var running = bench.RunAsync("pay", """{"amount":5}""", "key-1");
        await recorder.Book.WaitForAsync(1, ToolBench.Cancel);
        clock.Advance(s_timeout);
        var run = Assert.IsType<ToolRun.Replied>(await running);
        Assert.NotNull(run.Evidence);
        Assert.Single(recorder.Book.All);
    }

    [Fact]
    public async Task An_endpoint_that_is_not_there_is_a_fault_that_may_be_tried_again()
    {
        await using var recorder = await EffectRecorder.StartAsync();
        await using var bench = await BenchAsync(recorder, probe: true, fences: false);
        await recorder.DisposeAsync();
        var failed = Assert.IsType<ToolRun.Failed>(await bench.RunAsync("pay", """{"amount":5}""", "key-1"));
        Assert.Equal("AG5010", failed.Failure.ErrorType);
        Assert.False(failed.Failure.IsNonRetriable);
    }

    [Fact]
    public async Task A_secret_comes_by_the_name_of_a_variable()
    {
        await using var recorder = await EffectRecorder.StartAsync();
        await using var bench = await BenchAsync(recorder, probe: false, fences: false);
        var pay = bench.Settings.HttpTools["pay"];
        bench.Settings = bench.Settings with
        {
            HttpTools = new Dictionary<string, HttpToolSettings>
            {
                ["pay"] = new HttpToolSettings
                {
                    Url = pay.Url, HeaderEnv = new Dictionary<string, string> { ["X-Key"] = "PAY_KEY" },
                },
            },
        };
        var failed = Assert.IsType<ToolRun.Failed>(await bench.RunAsync("pay", "{}", "key-1"));
        Assert.Equal("AG5011", failed.Failure.ErrorType);
        Assert.Contains("PAY_KEY", failed.Failure.ErrorMessage);
        bench.Variables["PAY_KEY"] = "s3cret";
        Assert.IsType<ToolRun.Replied>(await bench.RunAsync("pay", "{}", "key-1"));
    }

    static async Task<ToolBench> BenchAsync(EffectRecorder recorder, bool probe, bool fences, TimeProvider? clock = null)
    {
        var bench = new ToolBench(clock: clock);
        bench.Settings = bench.Settings with
        {
            HttpAllow = [recorder.HostAndPort],
            HttpTools = new Dictionary<string, HttpToolSettings>
            {
                ["pay"] = new HttpToolSettings
                {
                    Url = recorder.Address + "/effects/pay",
                    ProbeUrl = probe ? recorder.Address + "/effects/{key}" + (fences ? "?bar=true" : "") : null,
                    ProbeFences = fences,
                    Timeout = s_timeout,
                },
            },
        };
        var resolved = await bench.ResolveAsync("""{"name":"pay","description":"Pays.","parameters":{"type":"object"}}""");
        Assert.Empty(resolved.Problems);
        return bench;
    }

    static async Task<string> FetchAsync(ToolBench bench, string url) =>
        (await bench.ReplyAsync("http_fetch", JsonSerializer.Serialize(new { url }))).Content;

    static async Task<WebApplication> SiteAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        app.MapGet("/text", () => Results.Text("héllo", "text/plain"));
        app.MapGet("/inside", () => Results.Redirect("/text"));
        app.MapGet("/outside", () => Results.Redirect("https://example.org/"));
        app.MapGet("/loop", () => Results.Redirect("/loop"));
        app.MapGet("/binary", () => Results.Bytes([1, 0, 2]));
        await app.StartAsync(ToolBench.Cancel);
        return app;
    }
}
