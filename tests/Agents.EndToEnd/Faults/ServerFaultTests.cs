using Agents.TestKit.Postgres;
using Xunit;

namespace Agents.EndToEnd.Faults;

/// <summary>The server goes away under two nodes and comes back, or only its connections do: every run ends as if nothing had been.</summary>
public sealed class ServerFaultTests
{
    const int Runs = 30;

    static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public enum End
    {
        Fast,
        Immediate,
        Killed,
    }

    [Theory]
    [InlineData(End.Fast)]
    [InlineData(End.Immediate)]
    [InlineData(End.Killed)]
    public async Task A_server_that_was_away_loses_nothing(End end)
    {
        await using var cluster = await FaultCluster.StartAsync(Cancel);
        NodeProcess[] nodes = [await cluster.NodeAsync("a", Cancel), await cluster.NodeAsync("b", Cancel)];
        await cluster.StartRunsAsync(Runs, Cancel);
        await cluster.Book.WaitForAsync(Runs, Cancel);
        await (end switch
        {
            End.Fast => Task.Run(cluster.Server.StopFast, Cancel),
            End.Immediate => Task.Run(cluster.Server.StopAtOnce, Cancel),
            _ => cluster.Server.KillAsync(Cancel),
        });
        cluster.Server.Begin();
        await cluster.FinishAsync(s_patience, Cancel);
        Assert.Empty(await cluster.HarmAsync(Cancel));

        // An outage of the server is nobody's death.
        Assert.All(nodes, node => Assert.Equal(0, node.Count("AG1118")));
    }

    [Fact]
    public async Task Connections_that_are_cut_again_and_again_lose_nothing()
    {
        await using var cluster = await FaultCluster.StartAsync(Cancel);
        await cluster.NodeAsync("a", Cancel, cluster.ProxyUrl);
        await cluster.NodeAsync("b", Cancel, cluster.ProxyUrl);
        await cluster.StartRunsAsync(Runs, Cancel);
        for (var cut = 1; cut <= 6; cut++)
        {
            await cluster.Book.WaitForAsync(Runs * 3 * cut / 8, Cancel);
            cluster.Proxy.Cut();
        }

        await cluster.FinishAsync(s_patience, Cancel);
        Assert.Empty(await cluster.HarmAsync(Cancel));
    }

    [Fact]
    public async Task Through_PgBouncer_in_transaction_mode_a_killed_node_is_overtaken()
    {
        await using var cluster = await FaultCluster.StartAsync(Cancel);
        using var pooler = PgBouncer.Start(cluster.Server, out var reason);
        Assert.SkipWhen(pooler is null, reason);
        var killed = await cluster.NodeAsync("a", Cancel, pooler!.Url);
        await cluster.NodeAsync("b", Cancel, pooler.Url);
        await cluster.StartRunsAsync(Runs, Cancel);
        await cluster.Book.WaitForAsync(Runs, Cancel);
        await killed.KillAsync(Cancel);
        await cluster.FinishAsync(s_patience, Cancel);
        Assert.Empty(await cluster.HarmAsync(Cancel));
    }

    [Fact]
    public async Task A_node_whose_connections_say_nothing_any_more_is_overtaken()
    {
        await using var cluster = await FaultCluster.StartAsync(Cancel);
        var deaf = await cluster.NodeAsync("a", Cancel, cluster.ProxyUrl);
        await cluster.NodeAsync("b", Cancel);
        await cluster.StartRunsAsync(Runs, Cancel);
        await cluster.Book.WaitForAsync(Runs, Cancel);
        cluster.Proxy.Swallows = true;
        await cluster.FinishAsync(s_patience, Cancel);
        cluster.Proxy.Swallows = false;
        cluster.Proxy.Cut();
        await deaf.SaysAsync("AG1118", Cancel);
        Assert.Empty(await cluster.HarmAsync(Cancel));
    }
}
