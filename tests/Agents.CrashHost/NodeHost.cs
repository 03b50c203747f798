using System.Globalization;
using Agents.Cluster;
using Agents.Contracts.Work;
using Agents.Engine;
using Agents.Engine.Nodes;
using Agents.Engine.Postgres;
using Agents.Engine.Postgres.Nodes;
using Agents.Engine.Store;
using Agents.Inference.Streaming;
using Agents.TestKit.Crash;
using Agents.Tools;
using Agents.Tools.Catalogue;
using Agents.Tools.Running;
using Agents.Worker;
using Agents.Worker.Activities;
using Microsoft.Extensions.Logging.Abstractions;

namespace Agents.CrashHost;

/// <summary>A node on a shared store, as the executable puts it together, with the crash decorators between its parts.</summary>
static class NodeHost
{
    const int DeclaredDead = 3;

    public static async Task<int> RunAsync(string url, string data, string shared)
    {
        var plan = CrashPlan.Parse(Environment.GetEnvironmentVariable("AGENTS_CRASH"));
        var skew = Number("AGENTS_CLOCK_SKEW_S") ?? 0;
        await using var store = await PostgresStore.OpenAsync(
            PostgresOptions.For(url) with { CommandTimeout = TimeSpan.FromSeconds(5) },
            new SkewedClock(TimeSpan.FromSeconds(skew)), NullLogger.Instance, CancellationToken.None);
        IEngineStore seen = new WitnessStore(store, Console.WriteLine);
        if (Environment.GetEnvironmentVariable("AGENTS_NO_FENCE") == "1")
        {
            seen = new UnfencedStore(seen);
        }

        await using IMembership? membership = Environment.GetEnvironmentVariable("AGENTS_MEMBERS") switch
        {
            "orleans" => ClusterMembership.Create(
                new ClusterSettings { Name = "faults", Place = data }, store.Members, store.Clock, NullLogger.Instance),
            "none" => null,   // it holds itself for the only one
            _ => store.NewMembership(new MembershipOptions { Place = data }),
        };
        await using var catalogue = new ToolCatalogue(new ToolEnvironment
        {
            DataDirectory = shared, Clock = store.Clock, Observer = new CrashingEffects(plan),
        });
        var worker = new AgentWorker(new AgentWorkerOptions
        {
            Clock = store.Clock,
            Models = new ModelTransport(new Dictionary<string, string>()).For,
            Tools = CatalogueTools.By(new ToolRunner(catalogue)),
        });
        IActivityHost activities = new CrashingActivities(worker.Activities, plan);
        var node = new EngineNode(
            new CrashingStore(seen, plan), worker.Orchestrators, activities,
            new EngineOptions
            {
                NodeId = membership is ClusterMembership cluster ? cluster.NodeId : Guid.NewGuid().ToString("N"),
                SweepEvery = TimeSpan.FromMilliseconds(Number("AGENTS_SWEEP_MS") ?? 10_000), GroupsInFlightMax = PostgresOptions.CallersMax, LookForLostHints = true,
                ClaimsWithoutProgressMax = membership is null ? int.MaxValue : 5,
            },
            new EngineEnvironment(store.Clock, new RandomIds(), NullLogger.Instance), membership);
        await node.StartAsync(CancellationToken.None);
        Console.WriteLine("ready");
        Console.WriteLine(await node.DeclaredDead);
        await node.StopAsync(TimeSpan.FromSeconds(5));
        Console.WriteLine("stopped");

        // Late receipts are on their way; the test ends this process once it has heard what it waits for.
        await Task.Delay(Timeout.InfiniteTimeSpan);
        return DeclaredDead;
    }

    static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number) ? number : null;

    sealed class SkewedClock(TimeSpan ahead) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + ahead;
    }

    sealed class RandomIds : IIdSource
    {
        public Guid NextGuid() => Guid.NewGuid();
    }
}
