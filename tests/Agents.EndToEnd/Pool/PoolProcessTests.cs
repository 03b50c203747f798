using System.Net;
using System.Text;
using System.Text.Json;
using Agents.TestKit;
using Xunit;

namespace Agents.EndToEnd.Pool;

/// <summary>A pool and two model workers on a model of random weights, each a process of its own: killed, drained, started anew.</summary>
public sealed class PoolProcessTests : IAsyncLifetime
{
    const int LongReply = 1_500;

    readonly HttpClient _http = new() { Timeout = Patience.Most };
    readonly string _folder = Directory.CreateTempSubdirectory("pool-").FullName;
    readonly List<Program> _programs = [];
    string _pool = "";

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    string Model => Path.Combine(_folder, "random.gguf");

    public async ValueTask InitializeAsync()
    {
        Assert.Equal(0, await Started(Program.Start("model", "random", "--out", Model)).EndAsync());
        _pool = await StartPoolAsync(0);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var program in _programs)
        {
            await program.DisposeAsync();
        }

        _http.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    Program Started(Program program)
    {
        _programs.Add(program);
        return program;
    }

    Task<string> StartPoolAsync(int port) => Started(Program.Start("pool", "--port", $"{port}", "--json")).SaidAsync("\"pool\"", "address");

    Program StartWorker(string name) => Started(Program.Start(
        "model-worker", "--pool", _pool, "--model", Model, "--name", name, "--threads", "1", "--every", "1000", "--json"));

    async Task<Dictionary<string, JsonElement>> WorkersAsync()
    {
        using var view = JsonDocument.Parse(await _http.GetStringAsync(_pool + "/pool/workers", Cancel));
        return view.RootElement.GetProperty("workers").EnumerateArray().ToDictionary(w => w.GetProperty("worker").GetString()!, w => w.Clone());
    }

    async Task<long> ReportsAsync(string worker) => (await WorkersAsync())[worker].GetProperty("reports").GetInt64();

    Task ReadyAsync(params string[] workers) => Patience.UntilAsync(async () =>
    {
        var all = await WorkersAsync();
        return workers.All(w => all.TryGetValue(w, out var view) && view.GetProperty("health").GetString() == "ready");
    });

    async Task<HttpResponseMessage> AskAsync(int tokens, bool stream, string run)
    {
        var body = $$"""{"model":"random","prompt":"The run {{run}} goes on and on.","max_tokens":{{tokens}},"ignore_eos":true,"stream":{{(stream ? "true" : "false")}},"stream_options":{"include_usage":true} }""";
        using var request = new HttpRequestMessage(HttpMethod.Post, _pool + "/v1/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("x-agents-run", run);
        return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancel);
    }

    static string WorkerOf(HttpResponseMessage answer) => answer.Headers.GetValues("x-agents-worker").Single();

    async Task<string> AnsweredByAsync(string run)
    {
        using var answer = await AskAsync(4, stream: false, run);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains("\"finish_reason\":\"length\"", await answer.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        return WorkerOf(answer);
    }

    [Fact]
    public async Task Workers_may_be_killed_and_drained_and_the_pool_started_anew()
    {
        var workers = new Dictionary<string, Program> { ["a"] = StartWorker("a"), ["b"] = StartWorker("b") };
        await ReadyAsync("a", "b");

        // Killed while it replies: that reply breaks, what comes next is answered by the other.
        var killed = await BreakAsync(workers);
        var other = killed == "a" ? "b" : "a";
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(other, await AnsweredByAsync($"after-{i}"));
        }

        workers[killed] = StartWorker(killed);
        await ReadyAsync("a", "b");

        // Drained while it replies: the reply comes whole, then the worker goes.
        await DrainAsync(workers);
        await ReadyAsync("a", "b");

        // The pool anew, at its address: workers report again, and with them comes who holds what.
        var holder = await AnsweredByAsync("sticky");
        var reports = await ReportsAsync(holder);
        await Patience.UntilAsync(async () => await ReportsAsync(holder) > reports); // its answer names what the worker holds
        _programs[1].Kill();
        await _programs[1].EndAsync();
        _pool = await StartPoolAsync(new Uri(_pool).Port);
        await ReadyAsync("a", "b");
        await Patience.UntilAsync(async () => (await WorkersAsync())[holder].GetProperty("prefixesHeld").GetInt32() > 0);
        Assert.Equal(holder, await AnsweredByAsync("sticky"));
    }

    async Task<string> BreakAsync(Dictionary<string, Program> workers)
    {
        using var answer = await AskAsync(LongReply, stream: true, "broken");
        var worker = WorkerOf(answer);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(Cancel));
        Assert.StartsWith("data:", await reader.ReadLineAsync(Cancel), StringComparison.Ordinal);
        workers[worker].Kill();
        await Assert.ThrowsAnyAsync<IOException>(() => reader.ReadToEndAsync(Cancel));
        return worker;
    }

    async Task DrainAsync(Dictionary<string, Program> workers)
    {
        using var answer = await AskAsync(LongReply, stream: true, "drained");
        var worker = WorkerOf(answer);
        workers[worker].Ask();
        var text = await answer.Content.ReadAsStringAsync(Cancel);
        Assert.Contains($"\"completion_tokens\":{LongReply}", text, StringComparison.Ordinal);
        Assert.EndsWith("data: [DONE]\n\n", text, StringComparison.Ordinal);
        Assert.Equal(0, await workers[worker].EndAsync());
        Assert.DoesNotContain(worker, (await WorkersAsync()).Keys);
        workers[worker] = StartWorker(worker);
    }
}
