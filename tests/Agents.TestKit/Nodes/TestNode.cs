using System.Collections.Concurrent;
using Agents.Contracts.Client;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Engine;
using Agents.Engine.Sqlite;
using Agents.Engine.Store;
using Agents.Replay;
using Microsoft.Extensions.Logging.Abstractions;

namespace Agents.TestKit.Nodes;

/// <summary>
/// A real node on a real SQLite file with orchestrators and activities given as lambdas. <see cref="CrashAsync"/> drops
/// it without a goodbye and opens the same file with a new one.
/// </summary>
public sealed class TestNode : IAsyncDisposable
{
    readonly string _directory;
    readonly bool _ownsDirectory;
    readonly OrchestratorHost _orchestrators;
    readonly TimeProvider _clock;
    readonly Func<EngineOptions, EngineOptions> _configure;
    SqliteStore _store;
    int _starts;

    TestNode(string directory, bool owns, IReadOnlyDictionary<string, Orchestrator> orchestrators, TimeProvider clock,
        Func<EngineOptions, EngineOptions>? configure)
    {
        _configure = configure ?? (static o => o);
        _directory = directory;
        _ownsDirectory = owns;
        _clock = clock;
        _orchestrators = new OrchestratorHost(orchestrators.Select(o => new OrchestratorRegistration(o.Key, null, o.Value)));
        _store = SqliteStore.Open(directory, new SqliteOptions(), clock);
        Node = NewNode();
    }

    public LambdaActivities Activities { get; } = new();

    public EngineNode Node { get; private set; }

    public EngineClient Client => Node.Client;

    public IEngineStore Store => _store;

    public static async Task<TestNode> StartAsync(
        IReadOnlyDictionary<string, Orchestrator> orchestrators, Action<LambdaActivities>? activities = null,
        TimeProvider? clock = null, Func<EngineOptions, EngineOptions>? configure = null)
    {
        var directory = Directory.CreateTempSubdirectory("agents-test-").FullName;
        var node = new TestNode(directory, true, orchestrators, clock ?? TimeProvider.System, configure);
        activities?.Invoke(node.Activities);
        await node.Node.StartAsync(CancellationToken.None);
        return node;
    }

    public async Task<string> RunAsync(string name, string? input = null, string? id = null)
    {
        var instance = new InstanceId(id ?? Guid.NewGuid().ToString("N"));
        await Client.StartAsync(new StartRequest { Id = instance, Name = name, Input = input }, CancellationToken.None);
        return instance;
    }

    public async Task<InstanceView> EndAsync(string id)
    {
        using var limit = Patience.Begin();
        return await Client.WaitForCompletionAsync(new InstanceId(id), limit.Token)
            ?? throw new InvalidOperationException($"instance '{id}' is gone");
    }

    public async Task<IReadOnlyList<HistoryEvent>> HistoryAsync(string id, int generation = 0) =>
        [.. (await Client.ReadAsync(new InstanceId(id), generation, 0, int.MaxValue, CancellationToken.None)).Select(e => e.Event)];

    /// <summary>The process is gone, as far as the file can tell: nothing of the old node is committed any more.</summary>
    public async Task CrashAsync()
    {
        await _store.DisposeAsync();
        _store = SqliteStore.Open(_directory, new SqliteOptions(), _clock);
        Node = NewNode();
        await Node.StartAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await Node.StopAsync(TimeSpan.FromSeconds(2));
        await _store.DisposeAsync();
        if (_ownsDirectory)
        {
            Directory.Delete(_directory, recursive: true);
        }
    }

    EngineNode NewNode() => new(
        _store, _orchestrators, Activities,
        _configure(new EngineOptions { NodeId = $"node{++_starts}", PredecessorsProvenDead = true }),
        new EngineEnvironment(_clock, new RandomIds(), NullLogger.Instance));

    sealed class RandomIds : IIdSource
    {
        public Guid NextGuid() => Guid.NewGuid();
    }
}

/// <summary>Activities by name.</summary>
public sealed class LambdaActivities : IActivityHost
{
    readonly ConcurrentDictionary<string, Func<ActivityWorkItem, IActivityContext, CancellationToken, Task<ActivityOutcome>>> _byName = new();

    public bool CanRun(string name, string? version) => _byName.ContainsKey(name);

    public Task<ActivityOutcome> RunAsync(ActivityWorkItem item, IActivityContext context, CancellationToken cancel) =>
        _byName[item.Name](item, context, cancel);

    public void Set(string name, Func<ActivityWorkItem, IActivityContext, CancellationToken, Task<ActivityOutcome>> code) =>
        _byName[name] = code;

    public void Set(string name, Func<string?, string?> code) => Set(
        name, (item, _, _) => Task.FromResult<ActivityOutcome>(new ActivityOutcome.Completed(code(item.Input))));
}
