using Agents.Contracts.Work;
using Agents.Inference.Streaming;
using Agents.ModelServer.Scripted;
using Agents.Tools;
using Agents.Tools.Catalogue;
using Agents.Tools.Running;
using Agents.Worker;
using Agents.Worker.Activities;

namespace Agents.Host.Composition;

/// <summary>Where the models of this process listen.</summary>
sealed record ModelSockets(string Scripted, string Embedded, string Pool);

/// <summary>What does the work of runs in a process: the loop, the way to models, the tools. The same in a host and in a worker.</summary>
sealed class Workbench : IAsyncDisposable
{
    /// <summary>Host name that stands for the scripted model of whichever process runs the work.</summary>
    public const string ScriptedHost = "scripted.invalid";

    /// <summary>The same for the embedded model.</summary>
    public const string EmbeddedHost = "embedded.invalid";
    const string DelayVariable = "AGENTS_SCRIPTED_DELAY_MS";

    /// <summary><paramref name="workers"/> null: no worker connects to this process.</summary>
    public Workbench(string toolsDirectory, ModelSockets sockets, TimeProvider clock, IConnectedWorkers? workers)
    {
        Catalogue = new ToolCatalogue(new ToolEnvironment
        {
            DataDirectory = toolsDirectory, Clock = clock, Observer = EffectLog.FromEnvironment(), Workers = workers,
        });
        Runner = new ToolRunner(Catalogue);
        var transport = new ModelTransport(new Dictionary<string, string>
        {
            [ScriptedHost] = sockets.Scripted,
            [EmbeddedHost] = sockets.Embedded,
            [LocalModels.PoolHost] = sockets.Pool,
        });
        Worker = new AgentWorker(new AgentWorkerOptions
        {
            Clock = clock, Models = transport.For, Tools = CatalogueTools.By(Runner),
        });
    }

    public ToolCatalogue Catalogue { get; }

    public ToolRunner Runner { get; }

    public AgentWorker Worker { get; }

    public static Task<ScriptedModelServer> StartScriptedAsync(string socket, CancellationToken cancel)
    {
        var delay = int.TryParse(Environment.GetEnvironmentVariable(DelayVariable), out var ms) ? ms : 0;
        return ScriptedModelServer.StartAsync(
            new ScriptedServerOptions { SocketPath = socket, DelayPerToken = TimeSpan.FromMilliseconds(delay) },
            MachineClock.Instance, cancel);
    }

    public ValueTask DisposeAsync() => Catalogue.DisposeAsync();
}
