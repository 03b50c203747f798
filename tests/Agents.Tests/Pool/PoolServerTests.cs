using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Agents.Access;
using Agents.Contracts.Pool;
using Agents.Pool;
using Agents.Pool.Http;
using Agents.TestKit;
using Agents.TestKit.Models;
using Xunit;

namespace Agents.Tests.Pool;

/// <summary>The pool over HTTP between a client and servers that say what the test queued.</summary>
public sealed class PoolServerTests : IAsyncLifetime
{
    readonly HttpClient _http = new() { Timeout = Patience.Most };
    readonly List<IAsyncDisposable> _open = [];
    FakeModelServer _a = null!;
    FakeModelServer _b = null!;

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _open.Add(_a = await FakeModelServer.StartAsync(Cancel));
        _open.Add(_b = await FakeModelServer.StartAsync(Cancel));
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        for (var i = _open.Count - 1; i >= 0; i--)
        {
            await _open[i].DisposeAsync();
        }
    }

    async Task<PoolServer> StartAsync(PoolOptions? options = null, params FakeModelServer[] workers)
    {
        var pool = await PoolServer.StartAsync(options ?? new PoolOptions { LearnFor = TimeSpan.Zero }, TimeProvider.System, Cancel);
        _open.Add(pool);
        foreach (var (worker, name) in workers.Zip(["a", "b"]))
        {
            await pool.Desk.ReportAsync(Said.Report(name, worker.BaseUrl, figures: new WorkerFigures()) with { EveryMs = 60_000 }, Cancel);
        }

        return pool;
    }

    static HttpRequestMessage Post(PoolServer pool, string body, string path = "/v1/chat/completions") =>
        new(HttpMethod.Post, pool.Address + path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };

    async Task<HttpResponseMessage> SendAsync(PoolServer pool, string body, params (string Name, string Value)[] headers)
    {
        using var request = Post(pool, body);
        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancel);
    }

    static async Task<(string Message, string? Code)> ErrorAsync(HttpResponseMessage response)
    {
        using var document = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancel));
        var error = document.RootElement.GetProperty("error");
        Assert.True(error.TryGetProperty("param", out _) && error.TryGetProperty("type", out _));
        return (error.GetProperty("message").GetString()!, error.GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_stream_comes_through_byte_for_byte_wherever_it_is_split()
    {
        var pool = await StartAsync(null, _a);
        var stream = $"data: {Chunks.Delta("""{"role":"assistant","content":"héé 🙂"}""")}\n\n: comment\n\ndata: {Chunks.Finish("stop")}\r\n\r\ndata: {Chunks.Usage(100, 10)}\n\ndata: [DONE]\n\n";
        for (var cut = 1; cut < stream.Length; cut += 3)
        {
            _a.Enqueue(FakeReply.Raw(char.IsLowSurrogate(stream[cut]) ? [stream] : [stream[..cut], stream[cut..]]));
            using var response = await SendAsync(pool, Said.Body());
            Assert.Equal(stream, await response.Content.ReadAsStringAsync(Cancel));
            Assert.Equal(("text/event-stream", "a"), (response.Content.Headers.ContentType!.ToString(), response.Headers.GetValues(PoolHeaders.Worker).Single()));
        }

        var sent = _a.Requests[^1];
        Assert.Equal((Said.Body(), "/v1/chat/completions"), (sent.Body, sent.Path));
    }

    [Fact]
    public async Task What_was_sent_is_there_before_the_rest_is_made()
    {
        var pool = await StartAsync(null, _a);
        var go = new TaskCompletionSource();
        _a.Enqueue(new FakeReply { Parts = [new FakePart.Text("data: 1\n\n"), new FakePart.Wait(go.Task), new FakePart.Text("data: 2\n\n")] });
        using var response = await SendAsync(pool, Said.Body());
        var stream = await response.Content.ReadAsStreamAsync(Cancel);
        var buffer = new byte[64];
        Assert.Equal("data: 1\n\n", Encoding.UTF8.GetString(buffer, 0, await stream.ReadAsync(buffer, Cancel)));
        Assert.Equal(1, pool.View().Workers.Single().InWork);
        go.SetResult();
        Assert.Equal("data: 2\n\n", Encoding.UTF8.GetString(buffer, 0, await stream.ReadAsync(buffer, Cancel)));
        Assert.Equal(0, await stream.ReadAsync(buffer, Cancel));
        await Patience.UntilAsync(() => Task.FromResult(pool.View().Workers.Single().InWork == 0));
    }

    [Theory]
    [InlineData(500)]
    [InlineData(503)]
    [InlineData(429)]
    [InlineData(401)]
    [InlineData(0)]
    public async Task A_worker_that_gives_no_answer_is_passed_over(int status)
    {
        var pool = await StartAsync(null, _a, _b);
        FakeReply Refuse(CapturedRequest _) => status == 0 ? FakeReply.Cut() : FakeReply.Json(status, """{"error":{"message":"no"}}""");
        _a.Otherwise = Refuse;
        _b.Otherwise = _ => FakeReply.Answer("fine");
        for (var i = 0; i < 3; i++)
        {
            using var response = await SendAsync(pool, Said.Body());
            Assert.Equal((HttpStatusCode.OK, "b"), (response.StatusCode, response.Headers.GetValues(PoolHeaders.Worker).Single()));
            Assert.Contains("fine", await response.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        }

        Assert.NotEmpty(_a.Requests);
    }

    [Fact]
    public async Task A_stream_that_breaks_after_bytes_were_passed_on_breaks_for_the_caller_and_is_not_made_again()
    {
        var pool = await StartAsync(null, _a, _b);
        _a.Otherwise = _b.Otherwise = _ => FakeReply.Cut(Chunks.Delta("""{"content":"x"}"""));
        using var response = await SendAsync(pool, Said.Body());
        var stream = await response.Content.ReadAsStreamAsync(Cancel);
        using var reader = new StreamReader(stream);
        Assert.Contains("\"x\"", await reader.ReadLineAsync(Cancel), StringComparison.Ordinal); // what came before the break arrives
        await Assert.ThrowsAnyAsync<IOException>(() => reader.ReadToEndAsync(Cancel));
        Assert.Equal(1, _a.Requests.Count + _b.Requests.Count);
        await Patience.UntilAsync(() => Task.FromResult(pool.View().Workers.Sum(w => w.Totals.Failed) == 1));
    }

    [Fact]
    public async Task A_refusal_that_is_the_requests_own_fault_is_passed_on_as_it_is()
    {
        var pool = await StartAsync(null, _a, _b);
        const string Refusal = """{"error":{"message":"bad tools","type":"invalid_request_error"}}""";
        _a.Otherwise = _b.Otherwise = _ => FakeReply.Json(400, Refusal);
        using var response = await SendAsync(pool, Said.Body());
        Assert.Equal((HttpStatusCode.BadRequest, Refusal), (response.StatusCode, await response.Content.ReadAsStringAsync(Cancel)));
        Assert.Equal(1, _a.Requests.Count + _b.Requests.Count);
    }

    [Fact]
    public async Task When_every_worker_is_busy_the_last_word_is_passed_on_with_its_retry_after()
    {
        var pool = await StartAsync(new PoolOptions { LearnFor = TimeSpan.Zero, AttemptsMax = 2 }, _a, _b);
        _a.Otherwise = _b.Otherwise = _ => FakeReply.Json(429, """{"error":{"message":"full"}}""", ("Retry-After", "7"));
        using var response = await SendAsync(pool, Said.Body());
        Assert.Equal((HttpStatusCode.TooManyRequests, "7"), (response.StatusCode, response.Headers.GetValues("Retry-After").Single()));
        Assert.Equal("""{"error":{"message":"full"}}""", await response.Content.ReadAsStringAsync(Cancel));
        Assert.Equal((1, 1), (_a.Requests.Count, _b.Requests.Count));
    }

    [Fact]
    public async Task When_every_worker_fails_the_caller_is_told_which_and_why()
    {
        var pool = await StartAsync(new PoolOptions { LearnFor = TimeSpan.Zero, AttemptsMax = 2 }, _a, _b);
        _a.Otherwise = _b.Otherwise = _ => FakeReply.Json(500, "out of memory");
        using var response = await SendAsync(pool, Said.Body());
        var (message, code) = await ErrorAsync(response);
        Assert.Equal((HttpStatusCode.BadGateway, "worker_failed"), (response.StatusCode, code));
        Assert.Contains("out of memory", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_caller_that_leaves_ends_the_work_at_the_worker(bool early)
    {
        var pool = await StartAsync(null, _a);
        _a.Enqueue(early ? FakeReply.Silent() : FakeReply.Silent(Chunks.Delta("""{"content":"x"}""")));
        using var left = new CancellationTokenSource();
        using var request = Post(pool, Said.Body());
        var sending = _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, left.Token);
        await _a.Silent.WaitAsync(Patience.Most, Cancel);
        if (early)
        {
            await left.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
        }
        else
        {
            (await sending).Dispose();
        }

        await _a.CallerLeft.WaitAsync(Patience.Most, Cancel);
        await Patience.UntilAsync(() => Task.FromResult(pool.View().Workers.Single() is { InWork: 0, Totals: { Left: 1, Failed: 0 } }));
    }

    [Fact]
    public async Task After_a_silence_a_second_worker_is_asked_and_the_first_answer_counts()
    {
        var pool = await StartAsync(new PoolOptions { LearnFor = TimeSpan.Zero, HedgeAfter = TimeSpan.FromMilliseconds(20) }, _a, _b);
        _a.Enqueue(FakeReply.Silent());
        _b.Otherwise = _ => FakeReply.Answer("fine");
        using var response = await SendAsync(pool, Said.Body());
        Assert.Contains("fine", await response.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.Equal("b", response.Headers.GetValues(PoolHeaders.Worker).Single());
        await Patience.UntilAsync(() => Task.FromResult(pool.View().Workers.All(w => w.InWork == 0)));
    }

    [Fact]
    public async Task A_run_goes_on_where_its_prefix_is()
    {
        var pool = await StartAsync(null, _a, _b);
        _a.Otherwise = _b.Otherwise = _ => FakeReply.Answer("fine");
        var workers = new HashSet<string>();
        for (var i = 0; i < 6; i++)
        {
            using var response = await SendAsync(pool, Said.Body(new string('x', 4_000)), (PoolHeaders.Run, "r1"));
            await response.Content.ReadAsStringAsync(Cancel);
            workers.Add(response.Headers.GetValues(PoolHeaders.Worker).Single());
            await Patience.UntilAsync(() => Task.FromResult(pool.View().Workers.All(w => w.InWork == 0)));
        }

        Assert.Single(workers);
        using var hint = await _http.PostAsync($"{pool.Address}/pool/runs/r1", new StringContent("""{"ended":true}""", Encoding.UTF8, "application/json"), Cancel);
        Assert.Equal(HttpStatusCode.NoContent, hint.StatusCode);
        Assert.DoesNotContain(_a.Requests.Concat(_b.Requests), r => r.Headers.Keys.Any(h => h.StartsWith("x-agents", StringComparison.OrdinalIgnoreCase)));
    }

    [Theory]
    [InlineData("{", 400)]
    [InlineData("[]", 400)]
    [InlineData("{\"messages\":[]}", 400)]
    [InlineData("{\"model\":\"\\ud83d\"}", 400)]
    [InlineData("{\"model\":\"other\",\"messages\":[]}", 404)]
    public async Task A_request_that_cannot_be_taken_is_told_why(string body, int status)
    {
        var pool = await StartAsync(null, _a);
        using var response = await SendAsync(pool, body);
        Assert.Equal(status, (int)response.StatusCode);
        await ErrorAsync(response);
        Assert.Empty(_a.Requests);
    }

    [Fact]
    public async Task Bodies_and_headers_have_bounds()
    {
        var pool = await StartAsync(new PoolOptions { LearnFor = TimeSpan.Zero, RequestBytesMax = 1_000 }, _a);
        using var large = await SendAsync(pool, Said.Body(new string('x', 2_000)));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, large.StatusCode);
        using var chunked = new HttpRequestMessage(HttpMethod.Post, pool.Address + "/v1/chat/completions") { Content = new StringContent(Said.Body(new string('x', 2_000))) };
        chunked.Headers.TransferEncodingChunked = true;
        using var answer = await _http.SendAsync(chunked, Cancel);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
        using var wrong = await SendAsync(pool, Said.Body(), (PoolHeaders.Class, "urgent"));
        Assert.Contains(PoolHeaders.Class, (await ErrorAsync(wrong)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_open_what_they_name_and_the_servers_key_is_shown_to_servers_only()
    {
        var rules = new AccessRules
        {
            Keys =
            [
                new AccessKey("caller", AccessKey.DigestOf("caller-key-0123456"), [PoolOptions.CallersHub]),
                new AccessKey("worker", AccessKey.DigestOf("worker-key-0123456"), [PoolOptions.WorkersHub]),
            ],
        };
        var pool = await StartAsync(new PoolOptions { LearnFor = TimeSpan.Zero, Access = rules, WorkerKey = "servers" }, _a);
        _a.Otherwise = _ => FakeReply.Answer("fine");
        using var none = await SendAsync(pool, Said.Body());
        using var caller = await SendAsync(pool, Said.Body(), ("x-api-key", "caller-key-0123456"));
        using var worker = await SendAsync(pool, Said.Body(), ("x-api-key", "worker-key-0123456"));
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK, HttpStatusCode.Forbidden), (none.StatusCode, caller.StatusCode, worker.StatusCode));
        var sent = Assert.Single(_a.Requests);
        Assert.Equal("Bearer servers", sent.Headers["Authorization"]);
        Assert.False(sent.Headers.ContainsKey("x-api-key"));

        foreach (var (key, status) in new[] { ("caller-key-0123456", HttpStatusCode.Forbidden), ("worker-key-0123456", HttpStatusCode.OK) })
        {
            using var report = Post(pool, JsonSerializer.Serialize(Said.Report("c"), s_web), "/pool/workers");
            report.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
            using var answer = await _http.SendAsync(report, Cancel);
            Assert.Equal(status, answer.StatusCode);
        }

        using var health = await _http.GetAsync(pool.Address + "/health", Cancel);
        using var look = await _http.GetAsync(pool.Address + "/metrics", Cancel);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Unauthorized), (health.StatusCode, look.StatusCode));
    }

    static readonly JsonSerializerOptions s_web = new(JsonSerializerDefaults.Web) { Converters = { new System.Text.Json.Serialization.JsonStringEnumConverter() } };

    [Fact]
    public async Task Web_pages_of_others_and_addresses_of_others_are_kept_out()
    {
        var pool = await StartAsync(null, _a);
        using var page = await SendAsync(pool, Said.Body(), ("Origin", "https://example.com"));
        using var name = await SendAsync(pool, Said.Body(), ("Host", "evil.example"));
        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.Forbidden), (page.StatusCode, name.StatusCode));
        Assert.Throws<ArgumentException>(() => new PoolOptions { Address = IPAddress.Any }.Checked());
        Assert.NotNull(new PoolOptions { Address = IPAddress.Any, Access = new AccessRules().WithKey("k", "0123456789abcdef") }.Exposure());
    }

    [Fact]
    public async Task Models_metrics_and_workers_are_told()
    {
        var pool = await StartAsync(null, _a);
        _a.Otherwise = _ => FakeReply.Answer("fine");
        using (var response = await SendAsync(pool, Said.Body()))
        {
            await response.Content.ReadAsStringAsync(Cancel);
        }

        await Patience.UntilAsync(() => Task.FromResult(pool.View().Workers.Single().Totals.Done == 1));
        Assert.Contains("\"id\":\"kimi\"", await _http.GetStringAsync(pool.Address + "/v1/models", Cancel), StringComparison.Ordinal);
        var metrics = await _http.GetStringAsync(pool.Address + "/metrics", Cancel);
        Assert.Contains("agents_pool_queue_tokens{model=\"kimi\",class=\"interactive\"} 0", metrics, StringComparison.Ordinal);
        Assert.Contains("agents_pool_worker_prompt_tokens_total{worker=\"a\"} 100", metrics, StringComparison.Ordinal);
        Assert.Contains("agents_pool_worker_reply_tokens_total{worker=\"a\"} 10", metrics, StringComparison.Ordinal);
        using var view = JsonDocument.Parse(await _http.GetStringAsync(pool.Address + "/pool/workers", Cancel));
        Assert.Equal("ready", view.RootElement.GetProperty("workers")[0].GetProperty("health").GetString());
    }
}
