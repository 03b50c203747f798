using System.Reflection;
using Agents.Access;
using Agents.Api;
using Agents.Client.Jobs;
using Agents.Client.Runs;
using Agents.Contracts.Work;
using Agents.Engine;
using Agents.Engine.Grpc;
using Agents.Engine.Grpc.Hubs;
using Agents.Engine.Postgres;
using Agents.Inference.Streaming;
using Agents.ModelServer.Http;
using Agents.ModelServer.Scripted;
using Agents.Tools;
using Agents.Tools.Catalogue;
using Agents.Tools.Running;
using Agents.Worker;
using Agents.Worker.Activities;
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

    /// <summary>Folder that jobs without a root use, and that guests cannot leave.</summary>
    public required string Root { get; init; }
    public required ILogger Log { get; init; }
}

/// <summary>Everything in one process on one data directory or one shared store: store, engine, worker, the models that come along, API.</summary>
sealed class Node : IAsyncDisposable
{
    /// <summary>Host name that stands for the scripted model of whichever process runs the work.</summary>
    const string ScriptedHost = "scripted.invalid";

    /// <summary>The same for the embedded model.</summary>
    const string EmbeddedHost = "embedded.invalid";
    const string DelayVariable = "AGENTS_SCRIPTED_DELAY_MS";

    readonly List<Func<ValueTask>> _closing = [];
    readonly EngineNode _engine;
    readonly EngineEnvironment _environment;
    readonly DurableTaskOptions? _grpc;
    readonly TaskHub? _hub;
    readonly OpenedStore _opened;
    TaskHubShelf? _hubs;

    Node(NodeOptions options, OpenedStore opened)
    {
        _opened = opened;
        var clock = opened.Clock;
        var workers = options.Grpc is null ? null : new WorkersLater();
        var catalogue = new ToolCatalogue(new ToolEnvironment
        {
            DataDirectory = options.Store.ToolsDirectory, Clock = clock, Observer = EffectLog.FromEnvironment(),
            Workers = workers,
        });
        _closing.Add(catalogue.DisposeAsync);
        var transport = new ModelTransport(new Dictionary<string, string>
        {
            [ScriptedHost] = Sockets.OfModel(options.DataDirectory),
            [EmbeddedHost] = Sockets.OfEmbedded(options.DataDirectory),
        });
        var runner = new ToolRunner(catalogue);
        var worker = new AgentWorker(new AgentWorkerOptions
        {
            Clock = clock, Models = transport.For, Tools = CatalogueTools.By(runner),
        });
        _environment = new EngineEnvironment(clock, new RandomIds(), options.Log);
        _grpc = options.Grpc;
        if (_grpc is not null)
        {
            _hub = new TaskHub(
                TaskHub.DefaultName, (name, version) => worker.Orchestrators.Match(name, version) != OrchestratorMatch.UnknownName, _grpc, _environment);
        }

        _engine = new EngineNode(
            opened.Store, worker.Orchestrators, worker.Activities, EngineOptions(opened, options), _environment,
            opened.Membership, _hub?.Remote);
        if (_hub is not null)
        {
            _hub.Join(_engine);
            workers!.Are(_hub.Connected);
            _hub.Late = new LateAnswers(_engine.Client, runner).TakeAsync;
        }

        Models = ModelShelf.Open(options.DataDirectory, clock);
        var jobs = new JobReader(
            Models, new ToolShelf(catalogue), new JobFolders(options.Store.ToolsDirectory, options.Root, options.Root));
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
        return options.Grpc is null ? own : ForWorkers(own);
    }

    public IRunClient Runs { get; }

    public IRunArchive Archive { get; }

    public EngineClient Engine { get; }

    /// <summary>Ends when the other nodes of a shared store hold this one for dead.</summary>
    public Task<string> DeclaredDead => _engine.DeclaredDead;

    public ModelShelf Models { get; }

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
        var delay = int.TryParse(Environment.GetEnvironmentVariable(DelayVariable), out var ms) ? ms : 0;
        var scripted = await ScriptedModelServer.StartAsync(
            new ScriptedServerOptions
            {
                SocketPath = Sockets.OfModel(options.DataDirectory), DelayPerToken = TimeSpan.FromMilliseconds(delay),
            },
            MachineClock.Instance, cancel);
        _closing.Add(scripted.DisposeAsync);
        var embedded = await EmbeddedModel.StartAsync(Sockets.OfEmbedded(options.DataDirectory), MachineClock.Instance, cancel);
        _closing.Add(embedded.DisposeAsync);
        _closing.Add(() => new ValueTask(_engine.StopAsync(TimeSpan.FromSeconds(5))));
        await _engine.StartAsync(cancel);
        var api = await ApiServer.StartAsync(
            new ApiOptions { SocketPath = Sockets.OfHost(options.DataDirectory), Port = options.Port, Access = options.Access },
            new ApiServices
            {
                Runs = Runs, Archive = Archive, Clock = MachineClock.Instance, Models = Models.Views,
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
