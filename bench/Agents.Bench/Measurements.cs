using System.Diagnostics;
using System.Globalization;
using Agents.Bench.Floors;
using Agents.Bench.Machine;
using Agents.Bench.Measures;
using Agents.Bench.Results;

namespace Agents.Bench;

/// <summary>Which measures there are, and what becomes of their lines.</summary>
static class Measurements
{
    static readonly Dictionary<string, Func<BenchOptions, IAsyncEnumerable<ResultLine>>> s_all = new()
    {
        ["floor"] = Floor,
        ["agent-300"] = AgentMeasure.TakeAsync,
        ["resume"] = ResumeMeasure.TakeAsync,
        ["context"] = ContextMeasure.TakeAsync,
        ["memory"] = MemoryMeasure.TakeAsync,
        ["idle"] = IdleMeasure.TakeAsync,
        ["step-cost"] = StepCostMeasure.TakeAsync,
        ["timer-lateness"] = TimerMeasure.TakeAsync,
        ["cancel-latency"] = CancelMeasure.TakeAsync,
        ["takeover"] = ClusterMeasure.TakeoverAsync,
        ["cluster-idle"] = ClusterMeasure.IdleAsync,
        ["remote-cancel"] = ClusterMeasure.RemoteCancelAsync,
        ["model-server"] = ModelServerMeasure.TakeAsync,
        ["schedule"] = ScheduleMeasure.TakeAsync,
        ["pool"] = PoolMeasure.TakeAsync,
        ["model"] = ModelMeasure.TakeAsync,
    };

    // The workload as the goals name it: alone, many, more; larger results, prose, effects that may happen once.
    static readonly string[][] s_variants =
    [
        ["agent-300", "--runs", "1"],
        ["agent-300", "--runs", "64"],
        ["agent-300", "--runs", "512"],
        ["agent-300", "--runs", "64", "--bytes", "8192"],
        ["agent-300", "--runs", "64", "--content", "prose"],
        ["agent-300", "--runs", "1", "--effect", "atmostonce"],
    ];

    // On PostgreSQL also through PgBouncer.
    static readonly string[][] s_pooled = [["agent-300", "--runs", "1", "--pooler"], ["agent-300", "--runs", "64", "--pooler"]];

    // With a store named, all means what can be measured on it; what has no store counts to the embedded one.
    static bool IsOf(string measure, string store) => store == "postgres"
        ? measure is not ("context" or "model-server")
        : measure is not ("takeover" or "remote-cancel" or "cluster-idle");

    public static async Task<int> RunAsync(BenchOptions options)
    {
        if (options.Measure == BenchOptions.ResumeChild)
        {
            return await ResumeMeasure.ChildAsync(options);
        }

        List<ResultLine> lines = [];
        void Keep(ResultLine line)
        {
            lines.Add(line);
            Console.WriteLine(line);
        }

        Keep(MachineFacts.Line(Checkout.Scratch));
        await foreach (var line in TakeAsync(options))
        {
            Keep(line);
        }

        if (options.Peers)
        {
            await foreach (var line in PeerDriver.RunAsync(options))
            {
                Keep(line);
            }
        }

        if (!options.Json && lines.Any(Tables.IsThroughput))
        {
            Console.WriteLine($"\n{Tables.SideBySide(lines)}\n{Tables.OfGoals(lines)}");
        }

        if (options.Record)
        {
            Console.Error.WriteLine($"recorded: {Record.Save(lines, TimeProvider.System.GetUtcNow())}");
        }

        return 0;
    }

    static IAsyncEnumerable<ResultLine> TakeAsync(BenchOptions options) => options.Measure == "all"
        ? AllAsync(options)
        : (s_all.GetValueOrDefault(options.Measure) ?? throw new UsageException($"unknown measure '{options.Measure}'"))(options);

    /// <summary>Each measure in a process of its own: what one leaves in memory must not be in the next one's numbers.</summary>
    static async IAsyncEnumerable<ResultLine> AllAsync(BenchOptions options)
    {
        var most = options.Repetitions;
        var plan = s_variants.Concat(options.Store == "postgres" ? s_pooled : [])
            .Concat(s_all.Keys.Where(m => m is not ("agent-300" or "floor" or "model") && IsOf(m, options.Store)).Select(m => (string[])[m]))
            .Select(v => (string[])[.. v, "--store", options.Store]);
        foreach (var arguments in plan)
        {
            var start = new ProcessStartInfo(
                Environment.ProcessPath!, [.. arguments, "--json", "--repetitions", most.ToString(CultureInfo.InvariantCulture)])
            {
                RedirectStandardOutput = true,
            };
            using var child = Process.Start(start)!;
            while (await child.StandardOutput.ReadLineAsync() is { } text)
            {
                if (ResultLine.TryParse(text) is { } line && line.Measure != "machine")
                {
                    yield return line;
                }
            }

            await child.WaitForExitAsync();
            if (child.ExitCode != 0)
            {
                throw new InvalidOperationException($"bench {string.Join(' ', arguments)} ended with {child.ExitCode}; see above");
            }
        }
    }

    static async IAsyncEnumerable<ResultLine> Floor(BenchOptions options)
    {
        await Task.Yield();
        using var floor = new SqliteFloor(Checkout.Scratch, options.Bytes);
        floor.Single(100);
        var single = new Sample(Enumerable.Range(0, options.Repetitions).Select(_ => floor.Single(300).Median));
        yield return new ResultLine("floor").Set("store", "sqlite").Set("kind", "one row, one commit").Set("bytes", options.Bytes)
            .Set("repetitions", single.Count).Set("msP50", single.Median).Set("perSecond", 1000 / single.Median);
        floor.Batched(options.Runs, 50);
        var batched = new Sample(Enumerable.Range(0, options.Repetitions).Select(_ => floor.Batched(options.Runs, 300)));
        yield return new ResultLine("floor").Set("store", "sqlite").Set("kind", "batched").Set("loops", options.Runs)
            .Set("bytes", options.Bytes).Set("repetitions", batched.Count).Set("perSecond", batched.Median);
    }
}
