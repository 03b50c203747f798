using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Xunit;

namespace Agents.Conformance.Polyglot;

/// <summary>
/// Tools of a run that are activities of a worker on the official JavaScript SDK, in processes of their own, killed in the
/// middle of a call.
/// </summary>
public sealed class PolyglotTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("agents-polyglot-").FullName;
    readonly List<Started> _started = [];

    string Data => Path.Combine(_folder, "data");

    [Fact]
    public async Task The_example_waits_for_its_worker_says_so_and_goes_on()
    {
        var run = Agents("run", "--job", Path.Combine(Checkout.Root, "examples", "polyglot", "orders.json"), "--grpc-port", "0");
        await run.SaysAsync("no compatible worker for CheckStock");
        var shown = await AnswerAsync("show", "--json");
        Assert.Equal("no compatible worker for CheckStock", Single(shown, "pending").GetProperty("waits").GetString());

        var worker = await NodeAsync(Path.Combine(Checkout.Root, "examples", "polyglot", "worker.js"), await AddressOfAsync(run));
        await worker.SaysAsync("taking work");
        var (code, said) = await run.EndAsync();

        Assert.True(code == 0, said);
        Assert.Contains("""check_stock answered: {"item":"lamp","left":8}""", said, StringComparison.Ordinal);
        Assert.Contains("only 8 of chair are left", said, StringComparison.Ordinal);
        var shelf = await LinesAsync(Path.Combine(_folder, "shelf.jsonl"));
        Assert.Equal(["reserve", "ship", "reserve", "ship"], shelf.Select(l => l.GetProperty("what").GetString()));
        Assert.Equal(4, shelf.Select(l => l.GetProperty("key").GetString()).Distinct().Count());
    }

    [Fact]
    public async Task A_worker_killed_in_an_idempotent_call_is_followed_by_another_under_the_same_key()
    {
        var run = Agents("run", "--job", Job("Idempotent"), "--grpc-port", "0");
        var address = await AddressOfAsync(run);
        var first = await WorkerAsync(address);
        await UntilAsync(() => JournalAsync("begin"), b => b.Count == 1);
        await first.KillAsync();
        await WorkerAsync(address);
        await UntilAsync(() => JournalAsync("begin"), b => b.Count == 2);
        Release();
        var (code, said) = await run.EndAsync();

        Assert.True(code == 0, said);
        Assert.Contains("hold answered: held 1", said, StringComparison.Ordinal);
        Assert.Single((await JournalAsync("begin")).Select(l => l.GetProperty("key").GetString()!).Distinct(), k => k.Length == 64);
        Assert.Single(await JournalAsync("end"));
    }

    [Fact]
    public async Task A_worker_killed_in_a_call_that_may_happen_once_leaves_it_in_doubt()
    {
        var host = Agents("up", "--port", "0", "--grpc-port", "0");
        var address = (await host.SaysAsync("Durable Task")).Split(' ', StringSplitOptions.RemoveEmptyEntries)[2];
        var first = await WorkerAsync(address);
        var run = (await SaidAsync("run", "--job", Job("AtMostOnce"), "--detach")).Trim();
        await UntilAsync(() => JournalAsync("begin"), b => b.Count == 1);
        await first.KillAsync();
        await WorkerAsync(address);
        var doubt = Single(await UntilShownAsync("in_doubt"), "inDoubt");
        Assert.Equal("hold", doubt.GetProperty("tool").GetString());
        Assert.Single(await JournalAsync("begin")); // the other worker is there, and is not given it

        var key = doubt.GetProperty("key").GetString()!;
        Assert.Equal((await JournalAsync("begin"))[0].GetProperty("key").GetString(), key);
        await AnswerAsync("resolve", run, "--key", key, "--happened", "seen", "--json");
        var view = await UntilShownAsync("completed");

        Assert.Contains("hold answered: seen", view.GetProperty("answer").GetString(), StringComparison.Ordinal);
        Assert.Single(await JournalAsync("begin"));
    }

    [Fact]
    public async Task A_host_killed_while_a_worker_has_the_call_takes_its_answer_as_evidence()
    {
        var port = FreePort();
        var run = Agents("run", "--job", Job("AtMostOnce"), "--grpc-port", port);
        var address = await AddressOfAsync(run);
        var worker = await WorkerAsync(address, "tools-late.js");
        await UntilAsync(() => JournalAsync("begin"), b => b.Count == 1);
        await run.KillAsync();
        await Agents("up", "--port", "0", "--grpc-port", port).SaysAsync("Durable Task"); // a look before that would hold the directory
        await UntilShownAsync("in_doubt");
        Release();
        await worker.SaysAsync("answered");
        var view = await UntilShownAsync("completed");

        Assert.Contains("hold answered: held 1", view.GetProperty("answer").GetString(), StringComparison.Ordinal);
        Assert.Single(await JournalAsync("begin"));
    }

    [Fact]
    public async Task A_run_is_cancelled_while_a_worker_has_its_call()
    {
        var run = Agents("run", "--job", Job("Idempotent"), "--grpc-port", "0");
        await WorkerAsync(await AddressOfAsync(run));
        await UntilAsync(() => JournalAsync("begin"), b => b.Count == 1);
        var id = (await AnswerAsync("show", "--json")).GetProperty("run").GetString()!;
        await AnswerAsync("cancel", id, "--json");
        var (_, said) = await run.EndAsync();

        Assert.Contains("cancelled", said, StringComparison.Ordinal);
        Assert.Empty(await JournalAsync("end"));
    }

    [Fact]
    public async Task A_long_result_is_kept_aside_and_what_is_thrown_is_read()
    {
        var job = Path.Combine(_folder, "job.json");
        File.WriteAllText(job, """
            { "name": "long", "goal": "Calls:\n- refuse {}\n- long {\"size\": 200000}",
              "tools": [ { "name": "long", "effect": "ReadOnly", "activity": "Long" }, { "name": "refuse", "effect": "AtMostOnce", "activity": "Refuse" } ] }
            """);
        var run = Agents("run", "--job", job, "--grpc-port", "0");
        await WorkerAsync(await AddressOfAsync(run));
        var (code, said) = await run.EndAsync();

        Assert.True(code == 0, said);
        Assert.Contains("refuse failed: The tool 'refuse' failed: not today", said, StringComparison.Ordinal);
        Assert.Contains("read_artifact reads it by offset", await SaidAsync("history", "--json"), StringComparison.Ordinal);
    }

    string Job(string effect)
    {
        var job = Path.Combine(_folder, "job.json");
        File.WriteAllText(job, $$"""
            { "name": "hold", "goal": "Calls:\n- hold {\"value\": 1}",
              "tools": [ { "name": "hold", "effect": "{{effect}}", "activity": "Hold",
                           "parameters": { "type": "object", "properties": { "value": { "type": "integer" } }, "required": ["value"] } } ] }
            """);
        return job;
    }

    /// <summary>
    /// A port to listen on twice. Not one the system hands out by itself: a client that tries to reach one of those while
    /// nobody listens may be given it for its own end, and then has it.
    /// </summary>
    static string FreePort()
    {
        while (true)
        {
            try
            {
                using var probe = new TcpListener(IPAddress.Loopback, Random.Shared.Next(20_000, 32_000));
                probe.Start();
                return ((IPEndPoint)probe.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
            }
            catch (SocketException)
            {
                // Somebody has it: another one.
            }
        }
    }

    void Release() => File.WriteAllText(Path.Combine(_folder, "release"), "");

    Started Agents(params string[] arguments) => Keep(new Started(Checkout.Agents, _folder, [.. arguments, "--data", Data]));

    async Task<Started> WorkerAsync(string address, string script = "tools-worker.js")
    {
        var worker = await NodeAsync(Path.Combine(Checkout.Suite, script), address, _folder);
        await worker.SaysAsync("ready");
        return worker;
    }

    async Task<Started> NodeAsync(params string[] arguments)
    {
        await Packages.InstalledAsync();
        return Keep(new Started(
            "node", _folder, arguments, ("NODE_PATH", Path.Combine(Checkout.Suite, "node_modules")), ("SHELF", Path.Combine(_folder, "shelf.jsonl"))));
    }

    Started Keep(Started started)
    {
        _started.Add(started);
        return started;
    }

    static async Task<string> AddressOfAsync(Started run) => (await run.SaysAsync("workers connect to")).Split(' ')[^1];

    async Task<string> SaidAsync(params string[] arguments)
    {
        using var asked = new Started(Checkout.Agents, _folder, [.. arguments, "--data", Data]);
        return (await asked.EndAsync()).Said;
    }

    async Task<JsonElement> AnswerAsync(params string[] arguments) =>
        JsonElement.Parse((await SaidAsync(arguments)).TrimEnd('\n').Split('\n').Last(l => l.StartsWith('{')));

    /// <summary>Looks at the newest run until its status is that one.</summary>
    Task<JsonElement> UntilShownAsync(string status) =>
        UntilAsync(() => AnswerAsync("show", "--json"), v => v.GetProperty("status").GetString() == status);

    async Task<T> UntilAsync<T>(Func<Task<T>> look, Func<T, bool> holds)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (true)
        {
            var found = await look();
            if (holds(found))
            {
                return found;
            }

            try
            {
                await timer.WaitForNextTickAsync(late.Token);
            }
            catch (OperationCanceledException e)
            {
                throw new TimeoutException($"it did not come to that; seen last: {found}\n{string.Join('\n', _started.Select(p => p.All))}", e);
            }
        }
    }

    async Task<List<JsonElement>> JournalAsync(string what) =>
        [.. (await LinesAsync(Path.Combine(_folder, "journal"))).Where(l => l.GetProperty("what").GetString() == what)];

    static async Task<List<JsonElement>> LinesAsync(string file) => File.Exists(file)
        ? [.. (await File.ReadAllTextAsync(file)).Split('\n')[..^1].Select(l => JsonElement.Parse(l))]
        : [];

    static JsonElement Single(JsonElement view, string list) => Assert.Single(view.GetProperty(list).EnumerateArray());

    public void Dispose()
    {
        _started.ForEach(s => s.Dispose());
        Directory.Delete(_folder, recursive: true);
    }
}
