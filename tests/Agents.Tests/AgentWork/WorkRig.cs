using System.Text.Json;
using Agents.Client.DurableTask;
using Agents.Contracts;
using Agents.Contracts.Client;
using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Runs;
using Agents.Contracts.Work;
using Agents.Engine;
using Agents.Engine.Grpc;
using Agents.Engine.Grpc.Hubs;
using Agents.Engine.Sqlite;
using Agents.Loop;
using Agents.TestKit;
using Agents.Tests.Loop;
using Agents.Tests.Worker;
using Agents.Tools.Effects;
using Agents.Worker;
using Agents.Worker.Activities;
using Agents.Worker.Connected;
using Agents.Worker.DurableTask;
using Microsoft.Extensions.Logging.Abstractions;

namespace Agents.Tests.AgentWork;

/// <summary>
/// An engine that does no work itself, its endpoint, and workers that connect to it over real connections. The model
/// answers by the step that a request shows; tools and effects are noted here, outside of every worker.
/// </summary>
sealed class WorkRig : IAsyncDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("agents-work-").FullName;
    readonly Ids _ids = new();
    readonly List<RigWorker> _workers = [];
    SqliteStore _store = null!;
    EngineNode _node = null!;
    DurableTaskServer _server = null!;

    public RunInput Input { get; init; } = LoopScript.Input(
        LoopScript.Spec("read", parallel: true), LoopScript.Spec("send", EffectClass.AtMostOnce));

    /// <summary>Step (from 1) to the body of the reply.</summary>
    public required Func<int, string> Model { get; init; }

    /// <summary>In place of <see cref="Model"/>, for replies that come in pieces; null where it does not apply.</summary>
    public Func<int, HttpContent?> Streamed { get; set; } = static _ => null;

    /// <summary>What a tool does; null: it answers "done", and "send" acts where it may.</summary>
    public Func<ToolWork, CancellationToken, Task<ActivityOutcome>>? Tool { get; set; }

    public DurableTaskOptions Options { get; init; } = new() { Port = 0, Grace = TimeSpan.FromMilliseconds(300) };

    /// <summary>Bodies of the requests to the model.</summary>
    public List<string> Requests { get; } = [];

    /// <summary>Keys of the effects that happened, in order.</summary>
    public List<string> Sent { get; } = [];

    public EngineClient Client => _node.Client;

    public TaskHub Hub { get; private set; } = null!;

    public static WorkRig Of(int steps, string asks = "send") => new()
    {
        Model = step => step <= steps
            ? ModelHandler.Calls($"step {step}", ("read", $$"""{"n": {{step % 10}}}"""), (asks, "{}"))
            : ModelHandler.Answer("done"),
    };

    public async Task OpenAsync(int port = 0)
    {
        _store = SqliteStore.Open(Path.Combine(_folder, "store"), new SqliteOptions(), TimeProvider.System);
        var environment = new EngineEnvironment(TimeProvider.System, _ids, NullLogger.Instance);
        var options = Options with { Port = port };
        Hub = new TaskHub(TaskHub.DefaultName, static (_, _) => false, options, environment, static (name, _) => name == AgentRun.Name);
        _node = new EngineNode(
            _store, NewWorker().Orchestrators, Hub.Activities,
            new EngineOptions
            {
                NodeId = $"node-{_ids.NextGuid():N}", PredecessorsProvenDead = true, AttemptsRunElsewhere = true,
                DeltaEvery = TimeSpan.Zero, DeltaTokens = 1,
            },
            environment, remote: Hub.Remote);
        Hub.Join(_node);
        await _node.StartAsync(CancellationToken.None);
        _server = await DurableTaskServer.StartAsync(options, new OneHub(Hub), environment, CancellationToken.None);
    }

    public int Port => _server.Address.Port;

    /// <summary>As a crash would: nothing is given up, and the store is closed under the engine.</summary>
    public async Task CrashAsync()
    {
        await _store.DisposeAsync();
        await _server.DisposeAsync();
    }

    public async Task StartAsync(string id) => await Client.StartAsync(
        new StartRequest
        {
            Id = new InstanceId(id), Name = AgentRun.Name, Version = AgentRun.Version,
            Input = JsonSerializer.Serialize(Input, ContractsJson.Plain.RunInput),
        },
        CancellationToken.None);

    public async Task<RunOutput> EndAsync(string id)
    {
        using var limit = Patience.Begin();
        var view = await Client.WaitForCompletionAsync(new InstanceId(id), limit.Token)
            ?? throw new InvalidOperationException($"no run {id}");
        return view is { Status: OrchestrationStatus.Completed, Parked: null, Output: { } output }
            ? JsonSerializer.Deserialize(output, ContractsJson.Default.RunOutput)!
            : throw new InvalidOperationException($"{view.Status} {view.Parked ?? view.Failure?.ErrorMessage}");
    }

    public async Task<IReadOnlyList<SequencedEvent>> HistoryAsync(string id) =>
        await Client.ReadAsync(new InstanceId(id), 0, 0, int.MaxValue, CancellationToken.None);

    /// <summary>A worker process, as far as anybody can tell from outside.</summary>
    public RigWorker Connect(string folder = "tools", KeptExecutions? kept = null)
    {
        var worker = new RigWorker(this, Path.Combine(_folder, folder), kept ?? new KeptExecutions());
        _workers.Add(worker);
        return worker;
    }

    internal AgentWorker NewWorker() => new(new AgentWorkerOptions
    {
        Clock = TimeProvider.System,
        Models = _ => new HttpMessageInvoker(new ModelByStep(this)),
        Tools = (work, cancel) => Tool is { } tool ? tool(work, cancel) : Task.FromResult(Do(work)),
    });

    public ActivityOutcome Do(ToolWork work)
    {
        if (work.Call.Name == "send" && !Act(work))
        {
            return new ActivityOutcome.NotStarted();
        }

        return LoopScript.Result(work.Call.Name == "send" ? "sent" : $"read {work.Call.Arguments}");
    }

    public bool Act(ToolWork work)
    {
        if (!work.MayAct())
        {
            return false;
        }

        lock (Sent)
        {
            Sent.Add(work.Key);
        }

        return true;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var worker in _workers)
        {
            await worker.DisposeAsync();
        }

        await _node.StopAsync(TimeSpan.FromSeconds(2));
        await _server.DisposeAsync();
        await _store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    sealed class ModelByStep(WorkRig rig) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancel)
        {
            var body = await request.Content!.ReadAsStringAsync(cancel);
            lock (rig.Requests)
            {
                rig.Requests.Add(body);
            }

            var step = body.Split("\"role\":\"assistant\"").Length;
            return new HttpResponseMessage
            {
                Content = rig.Streamed(step) ?? new StringContent(rig.Model(step), null, "text/event-stream"),
            };
        }
    }

    sealed class OneHub(TaskHub hub) : ITaskHubs
    {
        public IReadOnlyCollection<TaskHub> Open => [hub];

        public ValueTask<TaskHub> GetAsync(string? name, CancellationToken cancel) => ValueTask.FromResult(hub);

        public Task<bool> CreateAsync(string? name, bool anew, CancellationToken cancel) => Task.FromResult(false);

        public Task<bool> DeleteAsync(string? name, CancellationToken cancel) => Task.FromResult(false);
    }

    sealed class Ids : IIdSource
    {
        int _next;

        public Guid NextGuid() => new(Interlocked.Increment(ref _next), 0, 0, new byte[8]);
    }
}

/// <summary>One worker, its connection and its records.</summary>
sealed class RigWorker : IAsyncDisposable
{
    readonly CancellationTokenSource _stop = new();
    readonly Task _working;
    bool _gone;

    public RigWorker(WorkRig rig, string folder, KeptExecutions kept)
    {
        Hub = new TaskHubConnection(new Uri($"http://127.0.0.1:{rig.Port}"));
        Records = AttemptRecords.Open(folder);
        Kept = kept;
        Worker = rig.NewWorker();
        Connected = new ConnectedWorker(Hub, Worker, Records, kept, TimeProvider.System, NullLogger.Instance)
        {
            ActivitiesMax = 16, Name = Records.Incarnation,
        };
        _working = Connected.RunAsync(_stop.Token);
    }

    public TaskHubConnection Hub { get; }

    public AttemptRecords Records { get; }

    public AgentWorker Worker { get; }

    public KeptExecutions Kept { get; }

    public ConnectedWorker Connected { get; }

    /// <summary>SIGKILL, as the engine and other workers see it: the connection goes, the lock is free, nothing more is said.</summary>
    public void Kill()
    {
        _gone = true;
        Records.Dispose();
        Hub.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (!_gone)
        {
            await _working;
            Records.Dispose();
            Hub.Dispose();
        }

        _stop.Dispose();
    }
}
