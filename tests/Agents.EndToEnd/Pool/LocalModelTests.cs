using System.Net.Sockets;
using System.Text.Json;
using Agents.TestKit;
using Agents.TestKit.Models;
using Xunit;

namespace Agents.EndToEnd.Pool;

/// <summary>agents up with a model of its own, and agents doctor on models.</summary>
public sealed class LocalModelTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("local-").FullName;

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    static async Task<(int Code, JsonElement Last)> RunAsync(params string[] arguments)
    {
        await using var program = Program.Start(arguments);
        var code = await program.EndAsync();
        return (code, JsonElement.Parse(program.LastLine));
    }

    [Fact]
    public async Task Up_serves_a_file_by_worker_and_pool_and_shows_them()
    {
        var (model, data) = (Path.Combine(_folder, "random.gguf"), Path.Combine(_folder, "data"));
        await using (var made = Program.Start("model", "random", "--out", model))
        {
            Assert.Equal(0, await made.EndAsync());
        }

        var job = Path.Combine(_folder, "job.json");
        await File.WriteAllTextAsync(job, """{"goal":"say something","model":"local","class":"batch","tools":[],"limits":{"steps":1,"outputTokensPerStep":20}}""", Cancel);
        await using var up = Program.Start("up", "--port", "0", "--data", data, "--local-model", model, "--json");
        await up.SaidAsync("\"socket\"", "socket");
        var (_, run) = await RunAsync("run", "--job", job, "--data", data, "--json");
        Assert.Equal(20, run.GetProperty("usage").GetProperty("out").GetInt32());

        using var http = new HttpClient(new SocketsHttpHandler { ConnectCallback = ConnectAsync });
        var workers = JsonElement.Parse(await http.GetStringAsync("http://localhost/api/v1/workers", Cancel));
        var worker = Assert.Single(workers.GetProperty("workers").EnumerateArray());
        Assert.Equal(("local", "ready"), (worker.GetProperty("worker").GetString(), worker.GetProperty("health").GetString()));
        Assert.Equal(20, worker.GetProperty("totals").GetProperty("replyTokens").GetInt32());
        var models = JsonElement.Parse(await http.GetStringAsync("http://localhost/api/v1/models", Cancel));
        var serving = models.EnumerateArray().Single(m => m.GetProperty("name").GetString() == "local").GetProperty("serving");
        Assert.Equal(1, serving.GetProperty("workersReady").GetInt32());

        var (code, report) = await RunAsync("doctor", "--data", data, "--json");
        Assert.Equal(0, code);
        Assert.Contains(report.GetProperty("findings").EnumerateArray(), f => f.GetProperty("subject").GetString() == "worker local"
            && f.GetProperty("text").GetString()!.Contains("20 tokens made", StringComparison.Ordinal));
        up.Ask();
        Assert.Equal(0, await up.EndAsync());

        async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext _, CancellationToken cancel)
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(data, "agents.sock")), cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
    }

    [Fact]
    public async Task The_doctor_measures_when_and_how_a_model_calls_tools()
    {
        await using var server = await FakeModelServer.StartAsync(Cancel);

        // It always asks for the weather, and once in the wrong way.
        var asked = 0;
        server.Otherwise = r => Interlocked.Increment(ref asked) > 0 && r.Body.Contains("Chicago", StringComparison.Ordinal)
            ? FakeReply.Calls(("get_weather", """{"city":"Chicago","days":99}"""))
            : FakeReply.Calls(("get_weather", """{"city":"Zürich","days":3}"""));
        var (code, report) = await RunAsync("doctor", "--verify-model", "fake", "--base-url", server.BaseUrl, "--data", _folder, "--json");

        Assert.Equal(0, code);
        Assert.Equal((24, 0, 24), (report.GetProperty("requests").GetInt32(), report.GetProperty("failed").GetInt32(), report.GetProperty("calls").GetInt32()));
        Assert.Equal(24, asked);
        Assert.Equal(15 / 24.0, report.GetProperty("triggerPrecision").GetDouble(), 6);
        Assert.Equal(1, report.GetProperty("triggerRecall").GetDouble(), 6);
        Assert.Equal(4 / 15.0, report.GetProperty("toolAccuracy").GetDouble(), 6);
        Assert.Equal(23 / 24.0, report.GetProperty("schemaAccuracy").GetDouble(), 6);
        var wrong = report.GetProperty("notRight").EnumerateArray().ToLookup(w => w.GetProperty("outcome").GetString());
        Assert.Equal((9, 11, 1), (wrong["needless"].Count(), wrong["wrongTool"].Count(), wrong["badArguments"].Count()));
        Assert.Equal("weather-unit", wrong["badArguments"].Single().GetProperty("case").GetString());

        server.Otherwise = _ => FakeReply.Json(400, """{"error":{"message":"no tools here"}}""");
        var (failed, none) = await RunAsync("doctor", "--verify-model", "fake", "--base-url", server.BaseUrl, "--data", _folder, "--json");
        Assert.Equal((1, 24), (failed, none.GetProperty("failed").GetInt32()));
        Assert.False(none.TryGetProperty("triggerPrecision", out _));
    }
}
