using System.Text.Json;
using Agents.Conformance.Polyglot;
using Xunit;

namespace Agents.Conformance.OwnWorker;

/// <summary>`agents work` against `agents up --work-elsewhere`: processes of their own, and workers killed with SIGKILL.</summary>
public sealed class OwnWorkerTests : IDisposable
{
    const int Calls = 20;

    readonly string _folder = Directory.CreateTempSubdirectory("agents-own-worker-").FullName;
    readonly List<Started> _started = [];

    string Data => Path.Combine(_folder, "data");

    string Effects => Path.Combine(_folder, "effects");

    [Fact]
    public async Task Workers_killed_again_and_again_do_each_effect_once_and_the_run_ends()
    {
        var host = Agents("up", "--port", "0", "--grpc-port", "0", "--work-elsewhere");
        var address = (await host.SaysAsync("Durable Task")).Split(' ', StringSplitOptions.RemoveEmptyEntries)[2];
        var run = (await SaidAsync("run", "--job", Job(), "--detach")).Trim();
        await UntilAsync(() => Health(host).Contains("no compatible worker for orchestration AgentRun version '1'", StringComparison.Ordinal));
        foreach (var mark in new[] { 3, 9 })
        {
            var victim = await WorkerAsync(address);
            await UntilAsync(() => Lines(Effects).Length >= mark);
            await victim.KillAsync();
        }

        await WorkerAsync(address);
        await SaidAsync("watch", run); // ends with the run

        Assert.Contains("\"status\":\"completed\"", await SaidAsync("show", run, "--json"), StringComparison.Ordinal);
        var log = Assert.Single(Directory.GetFiles(Path.Combine(Data, "out"), "log.txt", SearchOption.AllDirectories));
        Assert.Equal(Enumerable.Range(1, Calls).Select(n => $"line {n}"), Lines(log));
        var keys = Lines(Effects).Select(l => JsonElement.Parse(l).GetProperty("key").GetString()).ToList();
        Assert.Equal(keys.Count, keys.Distinct().Count());
        Assert.StartsWith("equal:", await SaidAsync("replay", run), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tool_of_another_languages_worker_is_called_by_the_host_and_the_rest_is_done_by_the_worker()
    {
        var run = Agents("run", "--job", Path.Combine(Checkout.Root, "examples", "polyglot", "orders.json"), "--grpc-port", "0", "--work-elsewhere");
        var address = (await run.SaysAsync("workers connect to")).Split(' ')[^1];
        await WorkerAsync(address);
        await run.SaysAsync("no compatible worker for CheckStock");
        await Packages.InstalledAsync();
        Keep(new Started(
            "node", _folder, [Path.Combine(Checkout.Root, "examples", "polyglot", "worker.js"), address],
            ("NODE_PATH", Path.Combine(Checkout.Suite, "node_modules")), ("SHELF", Path.Combine(_folder, "shelf.jsonl"))));
        var (code, said) = await run.EndAsync();

        Assert.True(code == 0, said);
        Assert.Equal(
            ["reserve", "ship", "reserve", "ship"],
            Lines(Path.Combine(_folder, "shelf.jsonl")).Select(l => JsonElement.Parse(l).GetProperty("what").GetString()));
    }

    [Fact]
    public async Task A_worker_without_the_hosts_key_is_sent_away_with_a_code()
    {
        var host = Keep(new Started(
            Checkout.Agents, _folder, ["up", "--port", "0", "--grpc-port", "0", "--work-elsewhere", "--data", Data], ("AGENTS_API_KEY", "key-of-the-host-0123")));
        var address = (await host.SaysAsync("Durable Task")).Split(' ', StringSplitOptions.RemoveEmptyEntries)[2];
        var (code, said) = await Agents("work", "--connect", address).EndAsync();

        Assert.Contains("AG6052", said, StringComparison.Ordinal);
        Assert.NotEqual(0, code);
    }

    static string Health(Started host)
    {
        var api = host.All.Split('\n').First(l => l.StartsWith("API", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        using var http = new HttpClient();
        var health = JsonElement.Parse(http.GetStringAsync(new Uri(new Uri(api), "/healthz")).GetAwaiter().GetResult());
        return health.TryGetProperty("warnings", out var warnings) && warnings.ValueKind == JsonValueKind.Array
            ? string.Join('\n', warnings.EnumerateArray().Select(w => w.GetString())) : "";
    }

    string Job()
    {
        var job = Path.Combine(_folder, "job.json");
        var calls = string.Concat(Enumerable.Range(1, Calls).Select(n => $"\\n- append {{\\\"path\\\": \\\"log.txt\\\", \\\"line\\\": \\\"line {n}\\\"}}"));
        File.WriteAllText(job, $$"""{ "name": "lines", "goal": "Calls:{{calls}}", "tools": ["append"] }""");
        return job;
    }

    async Task<Started> WorkerAsync(string address)
    {
        var worker = Keep(new Started(
            Checkout.Agents, _folder, ["work", "--connect", address, "--data", Data], ("AGENTS_EFFECT_LOG", Effects)));
        await worker.SaysAsync("works for");
        return worker;
    }

    Started Agents(params string[] arguments) => Keep(new Started(Checkout.Agents, _folder, [.. arguments, "--data", Data]));

    Started Keep(Started started)
    {
        _started.Add(started);
        return started;
    }

    async Task<string> SaidAsync(params string[] arguments)
    {
        using var asked = new Started(Checkout.Agents, _folder, [.. arguments, "--data", Data]);
        return (await asked.EndAsync()).Said;
    }

    async Task UntilAsync(Func<bool> holds)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        try
        {
            while (!holds())
            {
                await timer.WaitForNextTickAsync(late.Token);
            }
        }
        catch (OperationCanceledException e)
        {
            throw new TimeoutException($"it did not come to that; said was:\n{string.Join('\n', _started.Select(p => p.All))}", e);
        }
    }

    static string[] Lines(string file) => File.Exists(file) ? File.ReadAllText(file).Split('\n')[..^1] : [];

    public void Dispose()
    {
        _started.ForEach(s => s.Dispose());
        Directory.Delete(_folder, recursive: true);
    }
}
