using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Agents.Access;
using Agents.Api;
using Agents.Client.Jobs;
using Agents.Client.Runs;
using Agents.Contracts.Runs;
using Agents.Contracts.Work;
using Agents.Replay;
using Agents.TestKit.Nodes;

using Xunit;
namespace Agents.Tests.Api;

/// <summary>
/// The API over a real node. Its runs call one model activity, which tests answer, and end with what they were steered.
/// </summary>
public sealed class ApiFixture : IAsyncDisposable
{
    readonly TestNode _node;
    readonly ApiServer _api;
    readonly string _folder;

    ApiFixture(TestNode node, ApiServer api, string folder)
    {
        _node = node;
        _api = api;
        _folder = folder;
        Owner = Http(OnSocket(folder));
        Guest = Http(new SocketsHttpHandler());
        Guest.BaseAddress = api.Address!;
    }

    public string Socket => Path.Combine(_folder, "a.sock");

    /// <summary>Through the Unix socket.</summary>
    public HttpClient Owner { get; }

    /// <summary>Through the loopback port.</summary>
    public HttpClient Guest { get; }

    public static async Task<ApiFixture> StartAsync(int bodyBytesMax = 1 << 20, AccessRules? access = null, string[]? warnings = null)
    {
        var folder = Directory.CreateTempSubdirectory("agents-api-").FullName;
        var node = await TestNode.StartAsync(
            new Dictionary<string, Orchestrator> { [OrchestrationRunClient.OrchestratorName] = RunAsync },
            activities => activities.Set("CallModel", Think));
        var shelves = new OneModel();
        var client = node.Client;
        var runs = new OrchestrationRunClient(
            client, client, client, new JobReader(shelves, shelves, new JobFolders(folder, folder, folder)));
        var api = await ApiServer.StartAsync(
            new ApiOptions { SocketPath = Path.Combine(folder, "a.sock"), Port = 0, BodyBytesMax = bodyBytesMax, Access = access ?? new() },
            new ApiServices { Runs = runs, Archive = new OrchestrationRunArchive(client, client, client), Queues = (_, _) => Task.FromResult<Agents.Contracts.Client.IQueueClient>(client), Clock = TimeProvider.System, Warnings = () => warnings ?? [] },
            CancellationToken.None);
        return new ApiFixture(node, api, folder);
    }

    static async Task<string?> RunAsync(OrchestrationContext context)
    {
        await context.CallActivityRawAsync("CallModel", """{"v":1,"n":1,"a":[1]}""");
        var said = await context.WaitForExternalEventRaw(RunEvents.Steer);
        return JsonSerializer.Serialize(
            new RunOutput { StopReason = StopReasons.Answer, Answer = RunEvents.SteerText(said.Input), Steps = 1, Model = "m" },
            Contracts.ContractsJson.Default.RunOutput);
    }

    static Task<ActivityOutcome> Think(ActivityWorkItem item, IActivityContext context, CancellationToken cancel)
    {
        context.Publish(new StreamDelta("reasoning", "let me "));
        context.Publish(new StreamDelta("reasoning", "see: ä€"));
        return Task.FromResult<ActivityOutcome>(new ActivityOutcome.Completed(
            """{"reasoning":"let me see: ä€, yes","content":"hm","finish":"Stop","model":"m","usage":{"inMiss":3,"out":2}}"""));
    }

    public static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

    /// <summary>Starts a run and returns its id.</summary>
    public async Task<string> StartRunAsync()
    {
        using var answer = await Owner.PostAsync("/api/v1/runs", Json("""{ "goal": "g" }"""));
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        return (await ReadAsync(answer)).GetProperty("run").GetString()!;
    }

    public async Task<string> FinishedRunAsync(string said = "bye")
    {
        var run = await StartRunAsync();
        using var steer = await Owner.PostAsync($"/api/v1/runs/{run}/steer", Json($$"""{ "text": "{{said}}" }"""));
        Assert.Equal(HttpStatusCode.Accepted, steer.StatusCode);
        await _node.EndAsync(run);
        return run;
    }

    public static async Task<JsonElement> ReadAsync(HttpResponseMessage answer) =>
        JsonElement.Parse(await answer.Content.ReadAsStringAsync());

    static HttpClient Http(HttpMessageHandler handler) => new(handler) { BaseAddress = new Uri("http://localhost"), Timeout = TestKit.Patience.Most };

    static SocketsHttpHandler OnSocket(string folder) => new()
    {
        ConnectCallback = async (_, cancel) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(folder, "a.sock")), cancel);
            return new NetworkStream(socket, ownsSocket: true);
        },
    };

    public string Folder => _folder;

    public async ValueTask DisposeAsync()
    {
        Owner.Dispose();
        Guest.Dispose();
        await _api.DisposeAsync();
        await _node.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    sealed class OneModel : IModelShelf, IToolShelf
    {
        public ModelProfile? Find(string name, out IReadOnlyList<string> near)
        {
            near = [];
            return name == "scripted" ? AtAddress(name, "http://scripted.invalid/v1", null) : null;
        }

        public ModelProfile AtAddress(string model, string baseUrl, string? apiKeyEnv) =>
            new() { Name = model, Model = model, BaseUrl = baseUrl, ApiKeyEnv = apiKeyEnv };

        public (string Code, string What)? Obstacle(ModelProfile profile) => null;

        public Task<ToolAnswer> ResolveAsync(JsonElement entry, ToolSettings settings, CancellationToken cancel) =>
            Task.FromResult(new ToolAnswer([], ("AG5001", "no tools here")));
    }
}
