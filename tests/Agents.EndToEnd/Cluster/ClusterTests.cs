using Agents.TestKit.Cluster;
using Agents.TestKit.Postgres;
using Xunit;

namespace Agents.EndToEnd.Cluster;

/// <summary>Nodes as real processes on a real server: killed, frozen, stopped, joined while they work.</summary>
public sealed class ClusterTests : IAsyncLifetime
{
    const int Runs = 40, Steps = 60;

    /// <summary>Enough for a node to join while they are made.</summary>
    const int LongSteps = 120;

    readonly string _world = Directory.CreateTempSubdirectory("agents-world-").FullName;
    readonly List<ClusterProcess> _nodes = [];
    PostgresServer? _server;

    public ValueTask InitializeAsync()
    {
        _server = PostgresServer.Start(out var reason);
        Assert.SkipWhen(_server is null, reason);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        _server?.Dispose();
        Directory.Delete(_world, recursive: true);
    }

    [Fact]
    public async Task Of_three_nodes_one_is_killed_and_one_comes_and_every_effect_happens_once()
    {
        var (asked, killed) = (await JoinAsync(), await JoinAsync());
        await JoinAsync();
        StartRuns(asked, LongSteps);
        await killed.NextAsync(s => s.What == "step" && s.Word(1) == "9");
        killed.Kill();
        var came = await JoinAsync();

        await AllEndedOnceAsync(asked, LongSteps);
        Assert.Contains(came.All, s => s.What == "step");
    }

    [Fact]
    public async Task A_frozen_node_wakes_up_to_the_fence_and_stops()
    {
        var (asked, frozen) = (await JoinAsync(), await JoinAsync());
        StartRuns(asked);
        var seen = await frozen.NextAsync(s => s.What == "step" && s.Word(1) == "9");
        await frozen.SignalAsync("STOP");
        await asked.NextAsync(s => s.What == "step" && s.Word(0) == seen.Word(0) && int.Parse(s.Word(1)) > 9);
        await frozen.SignalAsync("CONT");
        await frozen.NextAsync(s => s.What == "dead");
        await frozen.Exited;

        Assert.Equal(3, frozen.ExitCode);
        await AllEndedOnceAsync(asked);
    }

    [Fact]
    public async Task A_node_that_is_stopped_hands_its_runs_on()
    {
        var (asked, stopped) = (await JoinAsync(), await JoinAsync());
        StartRuns(asked);
        await stopped.NextAsync(s => s.What == "step" && s.Word(1) == "9");
        stopped.Tell("stop");
        await stopped.NextAsync(s => s.What == "stopped");
        await stopped.Exited;

        Assert.Equal(0, stopped.ExitCode);
        await AllEndedOnceAsync(asked);
    }

    async Task<ClusterProcess> JoinAsync()
    {
        var node = await ClusterProcess.StartAsync(Programs.CrashHost, _server!.Url, "cluster", _world);
        _nodes.Add(node);
        return node;
    }

    static void StartRuns(ClusterProcess at, int steps = Steps)
    {
        for (var i = 0; i < Runs; i++)
        {
            at.Tell($"start run{i} walk {steps}");
        }
    }

    async Task AllEndedOnceAsync(ClusterProcess asked, int steps = Steps)
    {
        for (var i = 0; i < Runs; i++)
        {
            var id = $"run{i}";
            asked.Tell($"wait {id}");
            var end = await asked.NextAsync(s => s.What == "ended" && s.Word(0) == id);
            Assert.Equal($"{id} Completed 0 -", end.Of);
        }

        var happened = new FenceableWorld(_world).Happened;
        Assert.Equal(Runs * steps, happened.Count);
        Assert.All(happened, effect => Assert.Single(effect));
        asked.Tell("verify");
        Assert.Equal("-", (await asked.NextAsync(s => s.What == "verified")).Of);
    }
}
