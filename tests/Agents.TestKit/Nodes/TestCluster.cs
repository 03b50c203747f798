using Agents.Cluster;
using Agents.Contracts.Client;
using Agents.Contracts.Instances;
using Agents.Engine;
using Agents.Engine.Nodes;
using Agents.Engine.Sqlite;
using Agents.Engine.Store;
using Agents.Replay;
using Agents.TestKit.Store;
using Microsoft.Extensions.Logging.Abstractions;

namespace Agents.TestKit.Nodes;

/// <summary>
/// Several nodes in this process on one store object, each with a real silo of its own on loopback. What only processes
/// can show (kill -9, a frozen node) is shown end to end.
/// </summary>
public sealed class TestCluster : IAsyncDisposable
{
    readonly string _directory = Directory.CreateTempSubdirectory("agents-cluster-").FullName;
    readonly IReadOnlyDictionary<string, Orchestrator> _orchestrators;
    readonly Action<TestMember> _prepare;
    readonly List<TestMember> _members = [];
    readonly SqliteStore _store;

    TestCluster(IReadOnlyDictionary<string, Orchestrator> orchestrators, Action<TestMember> prepare)
    {
        (_orchestrators, _prepare) = (orchestrators, prepare);
        _store = SqliteStore.Open(_directory, new SqliteOptions(), TimeProvider.System);
    }

    public IEngineStore Store => _store;

    public SimulatedMembers Members { get; } = new();

    /// <summary>
    /// Hints alone move anything here: sweeps and repeated reads come so seldom that a test which needs one runs out of time.
    /// </summary>
    public ClusterSettings Settings { get; init; } = new()
    {
        Name = "test", ListenFor = TimeSpan.FromMinutes(30), ReportEvery = TimeSpan.FromMilliseconds(100), MemoryShareMax = 2,
    };

    public static async Task<TestCluster> StartAsync(
        int nodes, IReadOnlyDictionary<string, Orchestrator> orchestrators, Action<TestMember> prepare, ClusterSettings? settings = null)
    {
        var cluster = new TestCluster(orchestrators, prepare);
        if (settings is not null)
        {
            cluster = new TestCluster(cluster, settings);
        }

        for (var i = 0; i < nodes; i++)
        {
            await cluster.JoinAsync();
        }

        return cluster;
    }

    TestCluster(TestCluster like, ClusterSettings settings)
    {
        (_directory, _orchestrators, _prepare, _store) = (like._directory, like._orchestrators, like._prepare, like._store);
        Settings = settings;
    }

    public TestMember this[int node] => _members[node];

    public async Task<TestMember> JoinAsync(IMembership? membership = null)
    {
        var member = new TestMember(_members.Count);
        _prepare(member);
        var cluster = membership is null ? ClusterMembership.Create(Settings, Members, TimeProvider.System, NullLogger.Instance) : null;
        member.Node = new EngineNode(
            _store, new OrchestratorHost(_orchestrators.Select(o => new OrchestratorRegistration(o.Key, null, o.Value))),
            member.Activities,
            new EngineOptions
            {
                NodeId = cluster?.NodeId ?? $"node{_members.Count}", SweepEvery = TimeSpan.FromMinutes(10),   // queues look for lost hints every 5 s all the same
            },
            new EngineEnvironment(TimeProvider.System, new RandomIds(), NullLogger.Instance), cluster ?? membership);
        member.Membership = cluster ?? membership!;
        await member.Node.StartAsync(CancellationToken.None);
        _members.Add(member);
        return member;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var member in _members)
        {
            await member.Node.StopAsync(TimeSpan.FromSeconds(2));
            await member.Membership.DisposeAsync();
        }

        await _store.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    sealed class RandomIds : IIdSource
    {
        public Guid NextGuid() => Guid.NewGuid();
    }
}

/// <summary>One node of a <see cref="TestCluster"/>.</summary>
public sealed class TestMember(int number)
{
    public int Number => number;

    public LambdaActivities Activities { get; } = new();

    public EngineNode Node { get; internal set; } = null!;

    public IMembership Membership { get; internal set; } = null!;

    public EngineClient Client => Node.Client;

    public Task StartRunAsync(string name, string id, string? input = null) => Client.StartAsync(
        new StartRequest { Id = new InstanceId(id), Name = name, Input = input }, CancellationToken.None);

    public async Task<InstanceView> EndAsync(string id)
    {
        using var limit = Patience.Begin();
        return await Client.WaitForCompletionAsync(new InstanceId(id), limit.Token)
            ?? throw new InvalidOperationException($"instance '{id}' is gone");
    }

    public Task RaiseAsync(string id, string name, string? input = null) =>
        Client.SendAsync(new InstanceId(id), new InstanceMessage.Raise(name, input), null, CancellationToken.None);
}
