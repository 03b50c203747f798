using System.Text.Json;
using Agents.Contracts.Client;
using Agents.Contracts.Instances;
using Agents.Contracts.Runs;
using Agents.Contracts.Work;
using Agents.Engine;
using Agents.Engine.Sqlite;
using Agents.Inference.Streaming;
using Agents.TestKit.Crash;
using Agents.Tools;
using Agents.Tools.Catalogue;
using Agents.Tools.Running;
using Agents.Worker;
using Agents.Worker.Activities;
using Microsoft.Extensions.Logging.Abstractions;

namespace Agents.CrashHost;

/// <summary>The product's parts as the executable puts them together, with the crash decorators between them.</summary>
sealed class Host : IAsyncDisposable
{
    readonly SqliteStore _store;
    readonly EngineNode _node;
    readonly ToolCatalogue _catalogue;

    Host(string data)
    {
        var plan = CrashPlan.Parse(Environment.GetEnvironmentVariable("AGENTS_CRASH"));
        var clock = TimeProvider.System;
        _store = SqliteStore.Open(data, new SqliteOptions(), clock);
        _catalogue = new ToolCatalogue(new ToolEnvironment
        {
            DataDirectory = data, Clock = clock, Observer = new CrashingEffects(plan),
        });
        var worker = new AgentWorker(new AgentWorkerOptions
        {
            Clock = clock,
            Models = new ModelTransport(new Dictionary<string, string>()).For,
            Tools = CatalogueTools.By(new ToolRunner(_catalogue)),
        });
        IActivityHost activities = new CrashingActivities(worker.Activities, plan);
        if (Environment.GetEnvironmentVariable("AGENTS_NO_LEDGER") == "1")
        {
            activities = new BelieveAbsent(activities);
        }

        _node = new EngineNode(
            new CrashingStore(_store, plan), worker.Orchestrators, activities,
            new EngineOptions { NodeId = Guid.NewGuid().ToString("N"), PredecessorsProvenDead = true },
            new EngineEnvironment(clock, new RandomIds(), NullLogger.Instance));
    }

    public EngineClient Client => _node.Client;

    public static async Task<Host> OpenAsync(string data)
    {
        var host = new Host(data);
        await host._node.StartAsync(CancellationToken.None);
        return host;
    }

    public async Task<IReadOnlyList<ToolSpec>> ResolveAsync(RunInput input)
    {
        var entries = input.Tools.Select(t => JsonSerializer.SerializeToElement(t.Name)).ToList();
        var resolution = await _catalogue.ResolveAsync(entries, input.ToolSettings, CancellationToken.None);
        return resolution.Problems is [var first, ..] ? throw new InvalidDataException(first.Message) : resolution.Tools;
    }

    public async Task<InstanceView> EndOrDoubtAsync(InstanceId id)
    {
        while (true)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(250));
            try
            {
                return (await Client.WaitForCompletionAsync(id, patience.Token))!;
            }
            catch (OperationCanceledException)
            {
                var view = await Client.GetAsync(id, true, CancellationToken.None);
                if (view!.InDoubt > 0)
                {
                    return view;
                }
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _node.StopAsync(TimeSpan.FromSeconds(5));
        await _catalogue.DisposeAsync();
        await _store.DisposeAsync();
    }

    sealed class RandomIds : IIdSource
    {
        public Guid NextGuid() => Guid.NewGuid();
    }

    /// <summary>The bug the kill tests exist for: whoever has no receipt is run again.</summary>
    sealed class BelieveAbsent(IActivityHost inner) : IActivityHost
    {
        public bool CanRun(string name, string? version) => inner.CanRun(name, version);

        public Task<ActivityOutcome> RunAsync(ActivityWorkItem item, IActivityContext context, CancellationToken cancel) =>
            item.Mode == ActivityMode.Reconcile
                ? Task.FromResult<ActivityOutcome>(new ActivityOutcome.Absent("nobody looked"))
                : inner.RunAsync(item, context, cancel);
    }
}
