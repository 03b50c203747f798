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
    [InlineData(Orleans)]
    [InlineData(Counting)]
    public async Task Nodes_killed_at_random_moments_under_load_double_and_lose_nothing(string members)
    {
        var seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using var cluster = await FaultCluster.StartAsync(Cancel);
        var known = ("AGENTS_MEMBERS", members);
        NodeProcess[] nodes = [await cluster.NodeAsync("a", Cancel, null, known), await cluster.NodeAsync("b", Cancel, null, known)];
        var (runs, kills) = FaultCluster.Full ? (300, 20) : (100, 4);
        await cluster.StartRunsAsync(runs, Cancel);
        for (var kill = 1; kill <= kills; kill++)
        {
            await cluster.Book.WaitForAsync(runs * 3 * kill / (kills + 2), Cancel);
            await Task.Delay(random.Next(0, 30), Cancel);   // not a wait for readiness: the moment itself is what is random
            var victim = random.Next(2);
            await nodes[victim].KillAsync(Cancel);

            // Half of them come back in their own folder, which proves their predecessor dead; for the others the rest must notice.
            nodes[victim] = await cluster.NodeAsync(random.Next(2) == 0 ? $"{"ab"[victim]}" : $"{"ab"[victim]}{kill}", Cancel, null, known);
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
        foreach (var end in (await cluster.Client.QueryAsync(new Contracts.Client.InstanceQuery(), Cancel)).Items)
        {
            Assert.InRange(end.CompletedAt!.Value - end.CreatedAt, TimeSpan.Zero, TimeSpan.FromMinutes(2));
        }
    }

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
