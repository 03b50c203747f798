using System.Text.Json;
using Agents.Client.DurableTask;
using Agents.Conformance.Polyglot;
using Agents.Contracts.Client;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Replay;
using Agents.Worker.DurableTask;
using Grpc.Core;
using Xunit;

namespace Agents.Conformance.OwnClient;

/// <summary>Our own client and worker of the protocol, against `agents serve`: what the JavaScript suite asks of theirs, in short.</summary>
public sealed class OwnClientTests(OwnClientTests.Service service) : IClassFixture<OwnClientTests.Service>
{
    const string Key = "key-of-own-client-0123";

    static readonly HashSet<string> s_mended = [];

    readonly TaskHubConnection _hub = service.Hub;

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>One endpoint that asks for a key, and one worker.</summary>
    public sealed class Service : IAsyncLifetime
    {
        readonly string _folder = Directory.CreateTempSubdirectory("agents-own-client-").FullName;
        readonly CancellationTokenSource _stop = new();
        Started? _server;
        Task _working = Task.CompletedTask;

        public Uri Address { get; private set; } = null!;

        public TaskHubConnection Hub { get; private set; } = null!;

        /// <summary>A command line beside it.</summary>
        public void Command(params string[] arguments)
        {
            using var command = System.Diagnostics.Process.Start(
                new System.Diagnostics.ProcessStartInfo(Checkout.Agents, [.. arguments, "--data", Path.Combine(_folder, "data")])
                {
                    RedirectStandardError = true, RedirectStandardOutput = true,
                })!;
            var said = command.StandardOutput.ReadToEnd() + command.StandardError.ReadToEnd();
            command.WaitForExit();
            Assert.True(command.ExitCode == 0, said);
        }

        public async ValueTask InitializeAsync()
        {
            _server = new Started(
                Checkout.Agents, _folder, ["serve", "--grpc-port", "0", "--data", Path.Combine(_folder, "data")], ("AGENTS_API_KEY", Key));
            var line = await _server.SaysAsync("Durable Task ");
            Address = new Uri($"http://{line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[2]}");
            Hub = new TaskHubConnection(Address, "mine", () => Key);
            _working = new DurableTaskWorker(
                Hub.Work,
                new OrchestratorHost(
                [
                    new OrchestratorRegistration("adds", null, AddsAsync), new OrchestratorRegistration("asks", null, AsksAsync),
                    new OrchestratorRegistration("counts", null, CountsAsync), new OrchestratorRegistration("lost", null, LostAsync),
                ]),
                new Dictionary<string, ActivityCode> { ["add"] = Add, ["break"] = Break },
                TimeProvider.System).RunAsync(_stop.Token);
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _working;
            Hub?.Dispose();
            _server?.Dispose();
            _stop.Dispose();
            Directory.Delete(_folder, recursive: true);
        }
    }

    [Fact]
    public async Task Activities_at_once_and_one_after_another()
    {
        var ended = await RunAsync("adds", "[1,2,3,4]");

        Assert.Equal((OrchestrationStatus.Completed, "20"), (ended.Status, ended.Output));
        Assert.Equal("\"added\"", ended.CustomStatus);
        var history = await HistoryAsync(ended.InstanceId);
        Assert.Equal(5, history.OfType<TaskScheduled>().Count());
        Assert.Equal(5, history.OfType<TaskCompleted>().Count());
        Assert.Equal("[1,2,3,4]", history.OfType<ExecutionStarted>().Single().Input);
    }

    [Fact]
    public async Task A_child_an_event_and_a_timer_with_suspend_and_resume_between()
    {
        var id = await StartAsync("asks", "\"x\"");
        await _hub.Instances.WaitForStartAsync(id, Cancel);
        await _hub.Instances.SuspendAsync(id, "wait", Cancel);
        await _hub.Instances.RaiseAsync(id, "go", "7", Cancel);
        await _hub.Instances.ResumeAsync(id, "on", Cancel);
        var ended = await _hub.Instances.WaitForEndAsync(id, Cancel);

        Assert.Equal((OrchestrationStatus.Completed, "17"), (ended!.Status, ended.Output));
    }

    [Fact]
    public async Task A_hubs_bound_holds_for_the_activities_of_its_workers()
    {
        var hub = "bounded";
        service.Command("queues", "default", "--concurrency", "2", "--hub", hub);
        using var connection = new TaskHubConnection(service.Address, hub, () => Key);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var (gate, atOnce, most, done) = (new Lock(), 0, 0, 0);
        var working = new DurableTaskWorker(
            connection.Work, new OrchestratorHost([new OrchestratorRegistration("fans", null, FansAsync)]),
            new Dictionary<string, ActivityCode>
            {
                ["slow"] = async (input, cancel) =>
                {
                    lock (gate)
                    {
                        most = Math.Max(most, ++atOnce);
                    }

                    await Task.Delay(20, cancel);   // the call itself
                    lock (gate)
                    {
                        (atOnce, done) = (atOnce - 1, done + 1);
                    }

                    return input;
                },
            },
            TimeProvider.System).RunAsync(stop.Token);
        var id = new InstanceId(Guid.NewGuid().ToString("N"));
        await connection.Instances.StartAsync(new StartRequest { Id = id, Name = "fans", Input = "12" }, Cancel);
        var ended = await connection.Instances.WaitForEndAsync(id, Cancel);
        await stop.CancelAsync();
        await working;

        Assert.Equal((OrchestrationStatus.Completed, 12, 2), (ended!.Status, done, most));
    }

    static async Task<string?> FansAsync(OrchestrationContext context)
    {
        await Task.WhenAll(Enumerable.Range(0, context.GetInput<int>()).Select(i => context.CallActivityRawAsync("slow", $"{i}")));
        return "all";
    }

    [Fact]
    public async Task Generations_follow_each_other()
    {
        var ended = await RunAsync("counts", "0");
        Assert.Equal((OrchestrationStatus.Completed, "5"), (ended.Status, ended.Output));
    }

    [Fact]
    public async Task A_failure_is_told_and_rewound_once_mended()
    {
        var id = await StartAsync("lost", "1");
        var failed = await _hub.Instances.WaitForEndAsync(id, Cancel);
        Assert.Equal(OrchestrationStatus.Failed, failed!.Status);
        Assert.Contains("is broken", failed.Failure!.ErrorMessage, StringComparison.Ordinal);

        lock (s_mended)
        {
            s_mended.Add(id);
        }

        await _hub.Instances.RewindAsync(id, "mended", Cancel);
        var ended = await _hub.Instances.WaitForEndAsync(id, Cancel);
        Assert.Equal((OrchestrationStatus.Completed, $"\"{id}\""), (ended!.Status, ended.Output));
    }

    [Theory]
    [InlineData("nobody", "OrchestratorTaskNotFound")]
    [InlineData("adds", "ActivityTaskNotFound")]
    public async Task What_is_not_registered_fails_by_name(string orchestrator, string type)
    {
        var ended = await RunAsync(orchestrator, "\"no list\"");
        Assert.Equal((OrchestrationStatus.Failed, type), (ended.Status, ended.Failure!.ErrorType));
    }

    [Fact]
    public async Task Restart_query_terminate_and_purge()
    {
        var first = await RunAsync("adds", "[1]");
        var second = await _hub.Instances.RestartAsync(first.InstanceId, newId: true, Cancel);
        Assert.Equal("1", (await _hub.Instances.WaitForEndAsync(second, Cancel))!.Output);
        var waiting = await StartAsync("asks", "\"x\"");
        await _hub.Instances.TerminateAsync(waiting, "\"enough\"", recursive: true, Cancel);
        Assert.Equal((OrchestrationStatus.Terminated, "\"enough\""), View(await _hub.Instances.WaitForEndAsync(waiting, Cancel)));

        var page = await _hub.Instances.QueryAsync(new InstanceQuery { Statuses = [OrchestrationStatus.Completed], PageSize = 1000 }, Cancel);
        Assert.Superset(new HashSet<string> { first.InstanceId, second }, page.Items.Select(i => i.InstanceId).ToHashSet());
        Assert.Equal(1, await _hub.Instances.PurgeAsync(second, recursive: false, Cancel));
        Assert.Null(await _hub.Instances.GetAsync(second, withPayloads: true, Cancel));
    }

    [Fact]
    public async Task Without_its_key_nobody_comes_in()
    {
        using var stranger = new TaskHubConnection(service.Address);
        var refused = await Assert.ThrowsAsync<RpcException>(() => stranger.Instances.GetAsync("x", withPayloads: false, Cancel));
        Assert.Equal(StatusCode.Unauthenticated, refused.StatusCode);
    }

    static (OrchestrationStatus, string?) View(InstanceView? view) => (view!.Status, view.Output);

    async Task<string> StartAsync(string name, string input)
    {
        var id = new InstanceId($"{name}-{Guid.NewGuid():N}");
        await _hub.Instances.StartAsync(new StartRequest { Id = id, Name = name, Input = input }, Cancel);
        return id;
    }

    async Task<InstanceView> RunAsync(string name, string input) => (await _hub.Instances.WaitForEndAsync(await StartAsync(name, input), Cancel))!;

    async Task<List<HistoryEvent>> HistoryAsync(string id)
    {
        var events = new List<HistoryEvent>();
        await foreach (var e in _hub.Instances.ReadHistoryAsync(id, Cancel))
        {
            events.Add(e);
        }

        return events;
    }

    static async Task<string?> AddsAsync(OrchestrationContext context)
    {
        if (context.RawInput is ['"', ..])
        {
            await context.CallActivityAsync("nowhere");
        }

        var doubled = await Task.WhenAll(context.GetInput<int[]>()!.Select(n => context.CallActivityAsync<int>("add", new[] { n, n })));
        context.SetCustomStatus("added");
        return doubled.Length == 1 ? (doubled[0] / 2).ToString(System.Globalization.CultureInfo.InvariantCulture)
            : (await context.CallActivityRawAsync("add", JsonSerializer.Serialize(doubled))).Value;
    }

    static async Task<string?> AsksAsync(OrchestrationContext context)
    {
        var go = await context.WaitForExternalEvent<int>("GO");
        await context.CreateTimer(TimeSpan.FromMilliseconds(10));
        var child = await context.CallSubOrchestratorAsync<int>("adds", new[] { 2, 3 });
        return (go + child).ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    static Task<string?> CountsAsync(OrchestrationContext context)
    {
        var n = context.GetInput<int>();
        if (n < 5)
        {
            context.ContinueAsNew(n + 1);
        }

        return Task.FromResult<string?>(n.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    static async Task<string?> LostAsync(OrchestrationContext context) =>
        (await context.CallActivityRawAsync("break", JsonSerializer.Serialize(context.InstanceId.Value))).Value;

    static Task<string?> Add(string? input, CancellationToken cancel) => Task.FromResult<string?>(
        JsonSerializer.Deserialize<int[]>(input!)!.Sum().ToString(System.Globalization.CultureInfo.InvariantCulture));

    static Task<string?> Break(string? input, CancellationToken cancel)
    {
        lock (s_mended)
        {
            return s_mended.Contains(JsonSerializer.Deserialize<string>(input!)!)
                ? Task.FromResult(input)
                : throw new InvalidOperationException("it is broken");
        }
    }
}
