using System.Diagnostics;
using System.Globalization;
using Agents.Bench.Results;
using Agents.Bench.Workload;
using Agents.TestKit.Postgres;

namespace Agents.Bench.Measures;

/// <summary>Nodes as processes of their own on a private PostgreSQL: how long others take to go on, and to be heard.</summary>
static class ClusterMeasure
{
    static readonly TimeSpan s_settle = TimeSpan.FromSeconds(15), s_watched = TimeSpan.FromSeconds(60);

    const int IdleNodes = 2, Nodes = 3, Runs = 60, StepsMany = 100_000, Cancels = 100;

    /// <summary>
    /// kill -9 of one of three nodes: for each run it was at work on, the time from the kill to the next step of that run on
    /// another node. Then a node that is told to stop: how long until it is gone.
    /// </summary>
    public static async IAsyncEnumerable<ResultLine> TakeoverAsync(BenchOptions options)
    {
        List<double> taken = [], noticed = [], drained = [];
        for (var i = 0; i < options.Repetitions; i++)
        {
            using var server = Server();
            await using var cluster = await ProcessesAsync(server, Nodes);
            await cluster.StartAsync("walk", Runs, StepsMany);
            var (found, each) = await cluster.KillAsync();
            noticed.Add(found);
            taken.AddRange(each);
            drained.Add(await cluster.StopAsync());
        }

        var sample = new Sample(taken);
        yield return new ResultLine("takeover").Set("store", "postgres").Set("nodes", Nodes).Set("runs", Runs)
            .Set("repetitions", options.Repetitions).Set("takenOver", sample.Count).Set("msP50", sample.Median)
            .Set("msP95", sample.Percentile(0.95)).Set("msMax", sample.Max).Set("msNoticedP50", new Sample(noticed).Median)
            .Set("msDrainP50", new Sample(drained).Median)
            .Set("msDrainMax", new Sample(drained).Max);
    }

    /// <summary>A run that waits in a call on one node is cancelled at another: to the call's own token, and to the status read there.</summary>
    public static async IAsyncEnumerable<ResultLine> RemoteCancelAsync(BenchOptions options)
    {
        using var server = Server();
        await using var cluster = await ProcessesAsync(server, 2);
        await cluster.StartAsync("hang", Cancels * 2, 0);
        var (told, terminal) = await cluster.CancelRemoteAsync(Cancels);
        yield return new ResultLine("remote-cancel").Set("store", "postgres").Set("nodes", 2).Set("cancels", terminal.Count)
            .Set("msP50", new Sample(terminal).Median).Set("msP99", new Sample(terminal).Percentile(0.99))
            .Set("msMax", new Sample(terminal).Max).Set("msToCallP50", new Sample(told).Median)
            .Set("msToCallP99", new Sample(told).Percentile(0.99));
    }

    /// <summary>Two nodes with nothing to do: what they ask of the server, and what they take of the processor.</summary>
    public static async IAsyncEnumerable<ResultLine> IdleAsync(BenchOptions options)
    {
        Environment.SetEnvironmentVariable("AGENTS_SWEEP_MS", "60000");   // as agents serve
        using var server = Server();
        server.Ask("psql", "-q", "-d", "postgres", "-c", "alter system set autovacuum = off", "-c", "select pg_reload_conf()");   // it commits, too
        await using var cluster = await ProcessesAsync(server, IdleNodes);
        await cluster.StartAsync("walk", 8, 20);
        await Task.Delay(s_settle);
        var (transactions, cpu) = (Transactions(server), cluster.CpuSeconds);
        var began = Stopwatch.GetTimestamp();
        await Task.Delay(s_watched);
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        yield return new ResultLine("cluster-idle").Set("store", "postgres").Set("nodes", IdleNodes).Set("idleSeconds", seconds)
            .Set("statementsPer2s", (Transactions(server) - transactions) * 2 / seconds / IdleNodes)
            .Set("cpuPercent", (cluster.CpuSeconds - cpu) * 100 / seconds / IdleNodes);
    }

    /// <summary>Committed by anybody, looks of the nodes above all: each statement of an idle node is a transaction.</summary>
    static long Transactions(PostgresServer server) => long.Parse(
        server.Ask("psql", "-At", "-d", "postgres", "-c", "select sum(xact_commit) from pg_stat_database where datname = 'postgres'"),
        CultureInfo.InvariantCulture);

    static PostgresServer Server() => PostgresServer.Start(out var reason) ?? throw new UsageException(reason);

    static async Task<ClusterNodes> ProcessesAsync(PostgresServer server, int nodes)
    {
        var cluster = new ClusterNodes(server.Url);
        for (var i = 0; i < nodes; i++)
        {
            await cluster.JoinAsync();
        }

        return cluster;
    }
}
