using Agents.Contracts.Client;
using Agents.TestKit.Crash;
using Xunit;

namespace Agents.EndToEnd.Faults;

/// <summary>Nodes on one PostgreSQL that die, freeze and disagree about the time: every run ends as if nothing had been.</summary>
public sealed class NodeFaultTests
{
    static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>How nodes know of each other: as agents serve does, and as the nodes of a further task hub do.</summary>
    const string Orleans = "orleans", Counting = "counting";

    [Theory]
    [InlineData(Orleans, 2)]
    [InlineData(Orleans, 3)]
    [InlineData(Counting, 2)]
    public async Task Nodes_killed_at_random_moments_under_load_double_and_lose_nothing(string members, int count)
    {
        var seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using var cluster = await FaultCluster.StartAsync(Cancel);
        var known = ("AGENTS_MEMBERS", members);
        var nodes = await Task.WhenAll(Enumerable.Range(0, count).Select(i => cluster.NodeAsync(Name(i), Cancel, null, known)));
        var (runs, kills) = FaultCluster.Full ? (300, 20) : (100, 4);
        await cluster.StartRunsAsync(runs, Cancel);
        for (var kill = 1; kill <= kills; kill++)
        {
            await cluster.Book.WaitForAsync(runs * 3 * kill / (kills + 2), Cancel);
            await Task.Delay(random.Next(0, 30), Cancel);   // not a wait for readiness: the moment itself is what is random
            var victim = random.Next(count);
            await nodes[victim].KillAsync(Cancel);

            // Half of them come back in their own folder, which proves their predecessor dead; for the others the rest must notice.
            nodes[victim] = await cluster.NodeAsync(random.Next(2) == 0 ? Name(victim) : $"{Name(victim)}{kill}", Cancel, null, known);
        }

        await cluster.FinishAsync(s_patience, Cancel);
        Assert.Empty(await cluster.HarmAsync(Cancel));
    }

    /// <summary>
    /// The node stands still between the intent of an append and the append, or with a finished activity in its hands. The
    /// other holds it for dead and ends the run. Awake again, the first is refused: its commit by the fence, its receipt
    /// by the ledger.
    /// </summary>
    [Theory]
    [InlineData(CrashPoint.AfterIntent, Orleans, "AG1204")]
    [InlineData(CrashPoint.AfterEffect, Orleans, "AG1204")]
    [InlineData(CrashPoint.AfterIntent, Counting, "AG1118")]
    [InlineData(CrashPoint.AfterEffect, Counting, "AG1118")]
    public async Task A_node_that_stood_still_commits_nothing_to_a_run_claimed_since(CrashPoint point, string members, string stops)
    {
        await using var cluster = await FaultCluster.StartAsync(Cancel);
        var frozen = await FreezeAndOvertakeAsync(cluster, point, ("AGENTS_MEMBERS", members));
        frozen.Thaw();
        await frozen.SaysAsync("fenced", Cancel);
        await frozen.SaysAsync("refused", Cancel);
        await frozen.SaysAsync(stops, Cancel);
        Assert.Empty(await cluster.HarmAsync(Cancel));
    }

    [Fact]
    public async Task Without_the_fence_a_node_that_stood_still_harms_the_run()
    {
        await using var cluster = await FaultCluster.StartAsync(Cancel);
        var frozen = await FreezeAndOvertakeAsync(cluster, CrashPoint.AfterEffect, ("AGENTS_NO_FENCE", "1"));
        frozen.Thaw();
        await frozen.SaysAsync("stopped", Cancel);
        Assert.NotEmpty(await cluster.HarmAsync(Cancel));
    }

    [Fact]
    public async Task Nodes_whose_clocks_are_minutes_apart_end_their_runs()
    {
        await using var cluster = await FaultCluster.StartAsync(Cancel);
        var ahead = await cluster.NodeAsync("a", Cancel, null, ("AGENTS_CLOCK_SKEW_S", "420"));
        await cluster.NodeAsync("b", Cancel, null, ("AGENTS_CLOCK_SKEW_S", "-420"));
        await cluster.StartRunsAsync(20, Cancel);
        await cluster.Book.WaitForAsync(15, Cancel);
        await ahead.KillAsync(Cancel);
        await cluster.FinishAsync(TimeSpan.FromSeconds(45), Cancel);
        Assert.Empty(await cluster.HarmAsync(Cancel));
        foreach (var end in (await cluster.Client.QueryAsync(new InstanceQuery(), Cancel)).Items)
        {
            Assert.InRange(end.CompletedAt!.Value - end.CreatedAt, TimeSpan.Zero, TimeSpan.FromMinutes(2));
        }
    }

    /// <summary>
    /// Each holds itself for the only one, and every second takes from the other what it finds: no membership is of any help,
    /// only the fence is.
    /// </summary>
    [Fact]
    public async Task Two_nodes_that_both_believe_they_own_every_run_double_and_lose_nothing()
    {
        await using var cluster = await FaultCluster.StartAsync(Cancel);
        var blind = (("AGENTS_MEMBERS", "none"), ("AGENTS_SWEEP_MS", "1000"));
        NodeProcess[] nodes =
        [
            await cluster.NodeAsync("a", Cancel, null, blind.Item1, blind.Item2), await cluster.NodeAsync("b", Cancel, null, blind.Item1, blind.Item2),
        ];
        await cluster.StartRunsAsync(30, Cancel);
        await cluster.FinishAsync(s_patience, Cancel);
        Assert.Empty(await cluster.HarmAsync(Cancel));
        Assert.True(nodes.Sum(node => node.Count("fenced")) > 0, "they never met");
    }

    [Fact]
    public async Task Nodes_that_make_and_migrate_the_schema_at_the_same_moment_all_start()
    {
        await using var cluster = await FaultCluster.StartAsync(Cancel, openStore: false);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(i => cluster.NodeAsync(Name(i), Cancel, null, ("AGENTS_MEMBERS", Orleans))));
        await cluster.OpenStoreAsync(Cancel);
        await cluster.StartRunsAsync(20, Cancel);
        await cluster.FinishAsync(s_patience, Cancel);
        Assert.Empty(await cluster.HarmAsync(Cancel));
    }

    /// <summary>Of a queue with two places: never three at once on both nodes together, and a dead node's places are free again.</summary>
    [Fact]
    public async Task A_queues_bound_holds_over_the_nodes_and_a_killed_one_gives_its_places_back()
    {
        const int Runs = 40, AtOnce = 2;
        await using var cluster = await FaultCluster.StartAsync(Cancel);
        await cluster.Client.SetQueueAsync(new QueueLimit(FaultCluster.Queue) { Concurrency = AtOnce }, Cancel);
        var known = ("AGENTS_MEMBERS", Orleans);
        var killed = await cluster.NodeAsync("a", Cancel, null, known);
        await cluster.NodeAsync("b", Cancel, null, known);
        cluster.HoldEffects(true);
        await cluster.StartRunsAsync(Runs, Cancel);
        await cluster.Book.WaitForAsync(AtOnce, Cancel);
        await cluster.QueueAsync(queue => queue.Held == AtOnce && queue.Waiting > AtOnce, Cancel);
        Assert.Equal(AtOnce, cluster.MostAtOnce);
        await killed.KillAsync(Cancel);
        cluster.HoldEffects(false);
        await cluster.FinishAsync(s_patience, Cancel);
        Assert.InRange(cluster.MostAtOnce, AtOnce, 2 * AtOnce);   // what the dead one had begun may still be at the recorder
        Assert.Empty(await cluster.HarmAsync(Cancel));
        await cluster.QueueAsync(queue => queue is { Held: 0, Waiting: 0 }, Cancel);
    }

    static string Name(int node) => $"{(char)('a' + node)}";

    static async Task<NodeProcess> FreezeAndOvertakeAsync(
        FaultCluster cluster, CrashPoint point, params (string, string)[] environment)
    {
        var frozen = await cluster.NodeAsync("a", Cancel, null, [("AGENTS_CRASH", $"{point}:2:stop"), .. environment]);
        await cluster.StartRunsAsync(1, Cancel);
        await frozen.SaysAsync("frozen", Cancel);
        await cluster.NodeAsync("b", Cancel, null, [.. environment.Where(e => e.Item1 == "AGENTS_MEMBERS")]);
        await cluster.FinishAsync(TimeSpan.FromSeconds(60), Cancel);
        return frozen;
    }
}
