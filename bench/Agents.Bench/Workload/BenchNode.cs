using System.Collections.Concurrent;
using Agents.Bench.Stores;
using Agents.Contracts.Client;
using Agents.Contracts.Instances;
using Agents.Contracts.Runs;
using Agents.Contracts.Work;
using Agents.Engine;
using Agents.Engine.Sqlite;
using Agents.Engine.Store;
using Agents.Worker;
using Microsoft.Extensions.Logging.Abstractions;

namespace Agents.Bench.Workload;

/// <summary>The engine, the store, replay and the agent loop in this process, put together as the product does.</summary>
sealed class BenchNode : IAsyncDisposable
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    readonly EngineNode _node;
    int _serial;

    BenchNode(EngineNode node, CountedStore store)
    {
        _node = node;
        Store = store;
    }

    public CountedStore Store { get; }

    public EngineClient Client => _node.Client;

    /// <summary>Ids of the agent runs started here.</summary>
    public ConcurrentQueue<InstanceId> Started { get; } = new();

    public static Task<BenchNode> OpenAsync(string data, BenchActivities activities) =>
        OpenAsync(data, activities.Orchestrators, activities);

    public static Task<BenchNode> OpenAsync(BenchStore store, BenchActivities activities) =>
        OpenAsync(store, activities.Orchestrators, activities);

    public static Task<BenchNode> OpenAsync(BenchStore store, IOrchestratorHost orchestrators, IActivityHost activities) =>
        OpenAsync(store.OpenAsync, orchestrators, activities, store.Callers);

    public static Task<BenchNode> OpenAsync(string data, IOrchestratorHost orchestrators, IActivityHost activities) =>
        OpenAsync(() => Task.FromResult<IEngineStore>(SqliteStore.Open(data, new SqliteOptions(), TimeProvider.System)), orchestrators, activities);

    public static async Task<BenchNode> OpenAsync(
        Func<Task<IEngineStore>> open, IOrchestratorHost orchestrators, IActivityHost activities, int callers = 1)
    {
        var rehearsal = Task.Run(() => Rehearsal.PlayAsync(CancellationToken.None));
        var store = new CountedStore(await open());
        var options = new EngineOptions { NodeId = $"bench-{Environment.ProcessId}", PredecessorsProvenDead = true, GroupsInFlightMax = callers };
        var environment = new EngineEnvironment(TimeProvider.System, new RandomIds(), NullLogger.Instance);
        var node = new EngineNode(store, orchestrators, activities, options, environment);
        await node.StartAsync(CancellationToken.None);
        await rehearsal;
        return new BenchNode(node, store);
    }

    /// <summary>Starts a run; its id is accepted durably before this returns.</summary>
    public async Task<InstanceId> StartAsync(AgentRuns runs)
    {
        var request = runs.Start($"run-{Environment.ProcessId}-{Interlocked.Increment(ref _serial)}");
        var outcome = await Client.StartAsync(request, CancellationToken.None);
        if (outcome != StartOutcome.Started)
        {
            throw new InvalidOperationException($"start of {request.Id}: {outcome}");
        }

        Started.Enqueue(request.Id);
        return request.Id;
    }

    /// <summary>Starts so many runs at once and waits for the durable answer of each.</summary>
    public Task RunAllAsync(AgentRuns runs, int count) => Task.WhenAll(
        Enumerable.Range(0, count).Select(_ => Task.Run(async () => await FinishAsync(await StartAsync(runs)))));

    public async Task FinishAsync(InstanceId id)
    {
        var view = await Client.WaitForCompletionAsync(id, CancellationToken.None);
        if (view?.Status != OrchestrationStatus.Completed || view.Output?.Contains(StopReasons.StepLimit, StringComparison.Ordinal) != true)
        {
            throw new InvalidOperationException(
                $"run {id} ended as {view?.Status} {view?.Parked}{view?.Failure?.ErrorMessage}: {view?.Output}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _node.StopAsync(s_patience);
        await Store.DisposeAsync();
    }

    sealed class RandomIds : IIdSource
    {
        public Guid NextGuid() => Guid.NewGuid();
    }
}
