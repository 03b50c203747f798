using System.Text;
using System.Text.Json;
using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;
using Agents.Inference.Profiles;
using Agents.Inference.Requests;
using Agents.Inference.Streaming;
using Agents.ModelServer.Scripted;
using Xunit;

namespace Agents.Tests.ModelServer;

public sealed class ScriptedModelServerTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("scripted-").FullName;

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    static Task<ScriptedModelServer> StartAsync(ScriptedServerOptions options) =>
        ScriptedModelServer.StartAsync(options, TimeProvider.System, Cancel);

    static ModelRequest Request(ModelProfile profile, string goal, params string[] tools)
    {
        using var schema = JsonDocument.Parse("{\"type\":\"object\"}");
        return new ModelRequest
        {
            Profile = profile,
            Messages = [new MessageRenderer(profile).User(goal)],
            Tools = ToolRenderer.Render([.. tools.Select(t => new ToolSpec { Name = t, Parameters = schema.RootElement.Clone() })]),
        };
    }

    [Fact]
    public async Task The_scripted_profile_is_reached_by_name_over_an_owner_only_socket()
    {
        var socket = Path.Combine(_folder, "model.sock");
        await File.WriteAllTextAsync(socket, "left by a process that died", Cancel);
        await using var server = await StartAsync(new ScriptedServerOptions { SocketPath = socket });
        using var transport = new ModelTransport(new Dictionary<string, string> { ["scripted.invalid"] = socket });
        var client = new ChatClient(transport.For, TimeProvider.System, _ => null);
        var profile = ProfileCatalog.Load().Find("scripted").Profile!;
        var deltas = new List<ModelDelta>();
        var outcome = await client.CallAsync(Request(profile, "Digest the folder.", ScriptedRun.Digest), deltas.Add, Cancel);

        var reply = Assert.IsType<ModelOutcome.Replied>(outcome).Reply;
        Assert.Equal([new ToolCall(0, "functions.worklist_files:0", "worklist_files", """{"kind":"file"}""")], reply.ToolCalls);
        Assert.Equal("scripted", reply.Model);
        Assert.Equal(0m, reply.CostUsd);
        Assert.True(reply.Usage is { InMiss: > 50, InHit: 0, Out: > 10, Reasoning: > 5 });
        Assert.True(deltas.Count(d => d.Kind == ModelDeltaKind.Reasoning) > 5);
        Assert.Equal(reply.Reasoning, string.Concat(deltas.Where(d => d.Kind == ModelDeltaKind.Reasoning).Select(d => d.Text)));
        Assert.Null(server.BaseUrl);
        Assert.True(OperatingSystem.IsWindows()
            || File.GetUnixFileMode(socket) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
    }

    [Fact]
    public async Task Streamed_and_whole_say_the_same_and_equal_requests_get_equal_bytes()
    {
        await using var server = await StartAsync(new ScriptedServerOptions());
        using var http = new HttpClient();
        async Task<string> Post(string body)
        {
            using var content = new StringContent(body, Encoding.UTF8, "application/json");
            using var response = await http.PostAsync(server.BaseUrl + "/chat/completions", content, Cancel);
            return await response.Content.ReadAsStringAsync(Cancel);
        }

        const string Ask = """{"model":"scripted","messages":[{"role":"user","content":"What can you do? 😀"}]""";
        var streamed = await Post(Ask + ",\"stream\":true}");
        Assert.Equal(streamed, await Post(Ask + ",\"stream\":true}"));
        Assert.EndsWith("data: [DONE]\n\n", streamed, StringComparison.Ordinal);
        using var whole = JsonDocument.Parse(await Post(Ask + "}"));
        Assert.Contains("not a language model", whole.RootElement.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString(), StringComparison.Ordinal);
        Assert.Equal("scripted", whole.RootElement.GetProperty("model").GetString());
    }

    [Theory]
    [InlineData("POST", "chat/completions", "{", 400)]
    [InlineData("POST", "chat/completions", """{"model":"gpt-5","messages":[]}""", 404)]
    [InlineData("POST", "chat/completions", """{"model":"scripted","messages":[{"role":"user","content":"\ud83d"}]}""", 400)]
    [InlineData("POST", "chat/completions", """{"model":"scripted"}""", 200)]
    [InlineData("POST", "chat/completions", "3", 404)]
    [InlineData("GET", "chat/completions", null, 405)]
    [InlineData("GET", "models", null, 200)]
    [InlineData("GET", "../health", null, 200)]
    [InlineData("GET", "nothing", null, 404)]
    public async Task Bad_requests_are_answered_in_the_common_form(string method, string path, string? body, int status)
    {
        await using var server = await StartAsync(new ScriptedServerOptions { Port = 0 });
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(new HttpMethod(method), $"{server.BaseUrl}/{path}");
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await http.SendAsync(request, Cancel);
        using var answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancel));

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(status >= 400, answer.RootElement.TryGetProperty("error", out var error));
        Assert.True(status < 400 || error.GetProperty("message").GetString()!.Length > 0);
    }

    [Fact]
    public async Task A_request_over_the_bound_is_refused()
    {
        await using var server = await StartAsync(new ScriptedServerOptions { RequestBytesMax = 1_000 });
        using var http = new HttpClient();
        using var content = new StringContent(new string(' ', 2_000), Encoding.UTF8, "application/json");
        using var response = await http.PostAsync(server.BaseUrl + "/chat/completions", content, Cancel);

        Assert.Equal(413, (int)response.StatusCode);
    }

    [Fact]
    public async Task Where_it_cannot_listen_it_says_so()
    {
        var longPath = Path.Combine(_folder, new string('x', 120));
        var tooLong = await Assert.ThrowsAsync<IOException>(() => StartAsync(new ScriptedServerOptions { SocketPath = longPath }));
        var noFolder = await Assert.ThrowsAsync<IOException>(
            () => StartAsync(new ScriptedServerOptions { SocketPath = Path.Combine(_folder, "absent", "m.sock") }));

        Assert.StartsWith("AG4022", tooLong.Message, StringComparison.Ordinal);
        Assert.StartsWith("AG4022", noFolder.Message, StringComparison.Ordinal);
    }
}
