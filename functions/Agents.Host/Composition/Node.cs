using System.Reflection;
using Agents.Access;
using Agents.Api;
using Agents.Client.Jobs;
using Agents.Client.Runs;
using Agents.Contracts.Client;
using Agents.Contracts.Work;
using Agents.Engine;
using Agents.Engine.Grpc;
using Agents.Engine.Grpc.Hubs;
using Agents.Engine.Postgres;
using Agents.Engine.Store;
using Agents.ModelServer.Http;
using Agents.Pool.Figures;
using Agents.Worker;
using Microsoft.Extensions.Logging;

namespace Agents.Host.Composition;

/// <summary>How a node is opened.</summary>
sealed record NodeOptions
{
    public required StoreAddress Store { get; init; }

    /// <summary>Absolute path.</summary>
    public string DataDirectory => Store.DataDirectory;

    /// <summary>False: client operations only, nothing runs and nobody is listened to.</summary>
    public bool Execute { get; init; } = true;

    /// <summary>Loopback port of the API besides the Unix socket; null for none.</summary>
    public int? Port { get; init; }

    /// <summary>The Durable Task endpoint; null for none.</summary>
    public DurableTaskOptions? Grpc { get; init; }

    /// <summary>Who may come in over the API's port.</summary>
    public AccessRules Access { get; init; } = new();

    /// <summary>GGUF file that this process serves as the model "local"; null for none.</summary>
    public string? LocalModel { get; init; } = LocalModels.FileOfEnvironment;

    /// <summary>Folder that jobs without a root use, and that guests cannot leave.</summary>
    public required string Root { get; init; }
    public required ILogger Log { get; init; }
}

/// <summary>Everything in one process on one data directory or one shared store: store, engine, worker, the models that come along, API.</summary>
sealed class Node : IAsyncDisposable
{
    readonly List<Func<ValueTask>> _closing = [];
    readonly EngineNode _engine;
    readonly EngineEnvironment _environment;
    readonly DurableTaskOptions? _grpc;
    readonly TaskHub? _hub;
    readonly OpenedStore _opened;
    TaskHubShelf? _hubs;
    LocalModels? _local;

    Node(NodeOptions options, OpenedStore opened)
    {
        _opened = opened;
        var clock = opened.Clock;
        var workers = options.Grpc is null ? null : new WorkersLater();
        var bench = new Workbench(options.Store.ToolsDirectory, Sockets.OfModels(options.DataDirectory), clock, workers);
        _closing.Add(bench.DisposeAsync);
        var worker = bench.Worker;
        _environment = new EngineEnvironment(clock, new RandomIds(), options.Log);
        _grpc = options.Grpc;
        bool IsRun(string name, string? version) => worker.Orchestrators.Match(name, version) != OrchestratorMatch.UnknownName;
        if (_grpc is not null)
        {
            _hub = _grpc.WorkElsewhere
                ? new TaskHub(TaskHub.DefaultName, static (_, _) => false, _grpc, _environment, IsRun)
                : new TaskHub(TaskHub.DefaultName, IsRun, _grpc, _environment);
        }

        IActivityHost activities = _grpc is { WorkElsewhere: true } ? new HandedOver(_hub!.Activities, worker) : worker.Activities;
        _engine = new EngineNode(
            opened.Store, worker.Orchestrators, activities, EngineOptions(opened, options), _environment,
            opened.Membership, _hub?.Remote);
        if (_hub is not null)
        {
            _hub.Join(_engine);
            workers!.Are(_hub.Connected);
            _hub.Late = new LateAnswers(_engine.Client, bench.Runner).TakeAsync;
        }

        Models = ModelShelf.Open(options.DataDirectory, clock);
        var jobs = new JobReader(
            Models, new ToolShelf(bench.Catalogue), new JobFolders(options.Store.ToolsDirectory, options.Root, options.Root));
        var client = _engine.Client;
        Runs = new OrchestrationRunClient(client, client, client, jobs);
        Archive = new OrchestrationRunArchive(client, client, client);
        Engine = client;
    }

    /// <summary>Foreign workers may send values as large as their messages; agents have the engine's own bound.</summary>
    public static EngineOptions ForWorkers(EngineOptions options) => options with { ValueBytesMax = 32 * 1024 * 1024 };

    static EngineOptions EngineOptions(OpenedStore opened, NodeOptions options)
    {
        var own = opened.Options(options.Execute) with { Retention = options.Store.Retention };
        return options.Grpc is null ? own : ForWorkers(own) with { AttemptsRunElsewhere = options.Grpc.WorkElsewhere };
    }

    public IRunClient Runs { get; }

    public IRunArchive Archive { get; }

    public EngineClient Engine { get; }

    /// <summary>Ends when the other nodes of a shared store hold this one for dead.</summary>
    public Task<string> DeclaredDead => _engine.DeclaredDead;

    public ModelShelf Models { get; }

    /// <summary>The pool of this process with its worker; null where it serves no model.</summary>
    public PoolView? Pool => _local?.View();

    /// <summary>Address of the TCP listener, where there is one.</summary>
    public Uri? Address { get; private set; }

    /// <summary>Address of the Durable Task endpoint, where there is one.</summary>
    public Uri? GrpcAddress { get; private set; }

    public static string Version { get; } =
        typeof(Node).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";

    /// <summary>Holds the data directory from here on; throws what the store throws when it cannot.</summary>
    public static async Task<Node> OpenAsync(NodeOptions options, CancellationToken cancel)
    {
        var rehearsal = options.Execute ? Task.Run(() => Rehearsal.PlayAsync(cancel), cancel) : null;
        var store = await options.Store.OpenAsync(options.Execute, options.Log, cancel);
        Node? node = null;
        try
        {
            node = new Node(options, store);
            node._closing.Insert(0, store.DisposeAsync);
            if (options.Execute)
            {
                await node.StartAsync(options, cancel);
                await rehearsal!; // ready means: the next step is not the one that pays for compiling
            }

            return node;
        }
        catch
        {
            await (node?.DisposeAsync() ?? store.DisposeAsync());
            throw;
        }
    }

    async Task StartAsync(NodeOptions options, CancellationToken cancel)
    {
        if (options.Grpc is not { WorkElsewhere: true })
        {
            _closing.Add((await Workbench.StartScriptedAsync(Sockets.OfModel(options.DataDirectory), cancel)).DisposeAsync);
            _closing.Add((await EmbeddedModel.StartAsync(Sockets.OfEmbedded(options.DataDirectory), MachineClock.Instance, cancel)).DisposeAsync);
        }

        if (options is { LocalModel: { } file, Grpc: not { WorkElsewhere: true } })
        {
            _local = await LocalModels.StartAsync(file, Sockets.OfPool(options.DataDirectory), cancel);
            _closing.Add(_local.DisposeAsync);
        }

        _closing.Add(() => new ValueTask(_engine.StopAsync(TimeSpan.FromSeconds(5))));
        await _engine.StartAsync(cancel);
        var api = await ApiServer.StartAsync(
            new ApiOptions { SocketPath = Sockets.OfHost(options.DataDirectory), Port = options.Port, Access = options.Access },
            new ApiServices
            {
                Runs = Runs, Archive = Archive, Queues = QueuesAsync, Clock = MachineClock.Instance,
                Models = () => Models.Views(_local?.View()),
                WorkersJson = _local is { } local ? () => local.ViewJson() : ApiServices.NoWorkers,
                Problem = () => _engine.StoreProblem, Version = Version, Warnings = Warnings,
            },
            cancel);
        Address = api.Address;
        _closing.Add(api.DisposeAsync);
        if (_hub is not null)
        {
            await StartGrpcAsync(options, _hub, _grpc!, cancel);
        }
    }

    /// <summary>
    /// The queues of a task hub; null: of the store itself. A node that serves hubs makes one that is new, as their callers do;
    /// a command line bounds what is there.
    /// </summary>
    public async Task<IQueueClient> QueuesAsync(string? hub, CancellationToken cancel)
    {
        if (hub is null || string.Equals(hub, TaskHub.DefaultName, StringComparison.OrdinalIgnoreCase))
        {
            return Engine;
        }

        if (_hubs is { } hubs)
        {
            return new HubQueues(async stop =>
            {
                var (entered, part) = await hubs.EnterAsync(hub, stop);
                return new OpenQueues(entered.Queues, () => { part.Dispose(); return default; });
            });
        }

        if (_opened.Store is not PostgresStore store || !await store.HasHubAsync(hub.ToLowerInvariant(), cancel))
        {
            throw new RunFaultException(
                Faults.CommandRefused, $"no task hub '{hub}' is open here", "--hub",
                "start agents serve --grpc-port on this store first; callers make a hub by naming it");
        }

        return new HubQueues(async stop =>
        {
            var opened = await store.OpenHubAsync(hub.ToLowerInvariant(), stop);
            return new OpenQueues(new StoredQueues(opened.Queues), opened.DisposeAsync);
        });
    }

    /// <summary>Of every task hub: what no connected worker does.</summary>
    List<string> Warnings() => [.. (_hubs?.Open ?? []).SelectMany(hub => hub.Unserved())];

    async Task StartGrpcAsync(NodeOptions options, TaskHub hub, DurableTaskOptions grpc, CancellationToken cancel)
    {
        IHubPlaces places = _opened.Store is PostgresStore store
            ? new HubSchemas(store, _opened.Place)
            : new HubFolders(options.DataDirectory, _opened.Clock);
        var hubs = _hubs = new TaskHubShelf(places, hub, grpc, _environment);
        _closing.Add(hubs.DisposeAsync);
        try
        {
            var server = await DurableTaskServer.StartAsync(grpc, hubs, _environment, cancel);
            GrpcAddress = server.Address;
            _closing.Add(server.DisposeAsync);
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
        {
            throw new RunFaultException(
                Faults.ListenAddress, $"cannot listen: {e.Message}", $"{grpc.Address}:{grpc.Port}",
                "choose another --grpc-port, or stop what listens there", e);
        }
    }

    /// <summary>Last opened, first closed: nobody is listened to, then the engine drains, then the store goes.</summary>
    public async ValueTask DisposeAsync()
    {
        for (var i = _closing.Count - 1; i >= 0; i--)
        {
            await _closing[i]();
        }

        _closing.Clear();
    }
}
