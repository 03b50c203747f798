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
    };

    public static async Task<int> RunAsync(BenchOptions options)
    {
        if (options.Measure == BenchOptions.ResumeChild)
        {
            return await ResumeMeasure.ChildAsync(options.Data ?? throw new UsageException("--data is needed"));
        }

        List<ResultLine> lines = [];
        void Keep(ResultLine line)
        {
            lines.Add(line);
            Console.WriteLine(line);
        }

        Keep(MachineFacts.Line(Checkout.Scratch));
        foreach (var measure in Named(options.Measure))
        {
            await foreach (var line in measure(options))
            {
                Keep(line);
            }
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

    static IEnumerable<Func<BenchOptions, IAsyncEnumerable<ResultLine>>> Named(string name) => name == "all"
        ? s_all.Values
        : [s_all.TryGetValue(name, out var one) ? one : throw new UsageException($"unknown measure '{name}'")];

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
