using Agents.Bench.Machine;
using Agents.Bench.Results;
using Agents.Bench.Stores;
using Agents.Bench.Workload;
using Agents.Contracts.Effects;

namespace Agents.Bench.Measures;

/// <summary>
/// agent-300: N runs at once from the first start to the last durable answer, after a warm-up; each repetition between
/// two floors. Afterwards every history is read again and its digests recomputed.
/// </summary>
static class AgentMeasure
{
    const int FloorRows = 300;

    // So many, and so many runs at once: until then the compiler is still at work on a second core.
    const int WarmActivities = 80_000, WarmRunsMin = 32;

    public static async IAsyncEnumerable<ResultLine> TakeAsync(BenchOptions options)
    {
        var runs = new AgentRuns(
            options.Length, options.Bytes, options.AtMostOnce ? EffectClass.AtMostOnce : EffectClass.Idempotent);
        await using var store = BenchStore.Of(options);
        var activities = new BenchActivities(new Words(options.Prose), runs);
        List<Repetition> repetitions = [];
        ResultLine settings;
        Audit.Findings findings;
        var finished = 0;
        await using (var node = await BenchNode.OpenAsync(
            store.OpenAsync, activities.Orchestrators, activities, store.Callers))
        {
            finished = await WarmUpAsync(node, runs, options.Runs, store.Floor);
            for (var i = 0; i < options.Repetitions; i++)
            {
                repetitions.Add(await RepeatAsync(node, activities.Times, runs, options.Runs, store));
            }

            finished += options.Repetitions * options.Runs;
            findings = await Audit.RunAsync(node.Client, runs, node.Started);
            settings = store.Settings();
        }

        yield return Line(options, repetitions)
            .Set("storedRatio", store.Growth() / (double)(runs.Payload * finished))
            .Set("historiesRead", findings.Histories).Set("digestsRecomputed", findings.Digests)
            .Set("settings", settings.ToJson());
    }

    static async Task<int> WarmUpAsync(BenchNode node, AgentRuns runs, int count, IFloor floor)
    {
        floor.Single(FloorRows);
        floor.Batched(count, 20);
        var atOnce = Math.Max(count, WarmRunsMin);
        var total = 0;
        while (total * runs.Length < WarmActivities)
        {
            await node.RunAllAsync(runs, atOnce);
            total += atOnce;
        }

        return total;
    }

    static async Task<Repetition> RepeatAsync(
        BenchNode node, StepTimes times, AgentRuns runs, int count, BenchStore store)
    {
        var floor = store.Floor;
        var rowsEach = Math.Max(20, FloorRows * 64 / (count + 64));
        var before = FloorPerSecond(floor, count, rowsEach);
        var sync = Disk.SyncMicroseconds(Checkout.Scratch);
        times.Clear();
        var transactions = node.Store.Transactions;
        var commits = node.Store.Commits;
        var server = store.ServerCpuSeconds();
        var meter = new Meter();
        await node.RunAllAsync(runs, count);
        var reading = meter.Read();
        server = store.ServerCpuSeconds() - server;
        reading = reading with
        {
            CpuSeconds = reading.CpuSeconds + server, OtherCores = Math.Max(0, reading.OtherCores - (server / reading.Seconds)),
        };
        var after = FloorPerSecond(floor, count, rowsEach);
        var own = store.OwnStatementPerSecond(count, rowsEach);
        return new Repetition(
            reading, server, own, times.Milliseconds(), (before + after) / 2, sync,
            node.Store.Transactions - transactions, node.Store.Commits - commits);
    }

    // A run alone stands against one row a commit; many stand against rows that share commits.
    static double FloorPerSecond(IFloor floor, int count, int rowsEach) =>
        count == 1 ? 1000 / floor.Single(FloorRows).Median : floor.Batched(count, rowsEach);

    static ResultLine Line(BenchOptions options, List<Repetition> repetitions)
    {
        var each = options.Length / 2 * 2;
        var all = each * options.Runs;
        double Of(Func<Repetition, double> value) => new Sample(repetitions.Select(value)).Median;
        var line = new ResultLine("agent-300")
            .Set("store", options.Store).Set("path", options.Pooler ? "pooler" : "direct").Set("runs", options.Runs).Set("bytes", options.Bytes).Set("length", each)
            .Set("effect", options.AtMostOnce ? "atmostonce" : "idempotent").Set("content", options.Prose ? "prose" : "random")
            .Set("repetitions", repetitions.Count)
            .Set("activitiesPerSecond", Of(r => all / r.Reading.Seconds))
            .Set("msPerActivity", Of(r => r.Reading.Seconds * 1000 / each))
            .Set("msP50", Of(r => r.Costs.Median)).Set("msP99", Of(r => r.Costs.Percentile(0.99)))
            .Set("cpuUsPerActivity", Of(r => r.Reading.CpuSeconds * 1e6 / all))
            .Set("serverCpuUsPerActivity", Of(r => r.ServerSeconds * 1e6 / all))
            .Set("floorPerSecond", Of(r => r.FloorPerSecond))
            .Set("shareOfFloor", Of(r => all / r.Reading.Seconds / r.FloorPerSecond))
            .Set("flushesPerActivity", Of(r => r.Reading.Flushes / (double)all))
            .Set("transactionsPerActivity", Of(r => r.Transactions / (double)all))
            .Set("commitsPerActivity", Of(r => r.Commits / (double)all))
            .Set("otherCores", Of(r => r.Reading.OtherCores)).Set("fdatasyncUs", Of(r => r.SyncUs));
        if (repetitions.TrueForAll(r => r.OwnStatementPerSecond is not null))
        {
            line.Set("ownStatementPerSecond", Of(r => r.OwnStatementPerSecond!.Value))
                .Set("shareOfOwnStatement", Of(r => all / r.Reading.Seconds / r.OwnStatementPerSecond!.Value));
        }

        if (options.Runs == 1)
        {
            line.Set("msPerFloorCommit", Of(r => r.Reading.Seconds / each * r.FloorPerSecond));
        }

        // Each model call is one commit; what is left over belongs to the tool calls.
        return options.AtMostOnce
            ? line.Set("commitsPerToolCall", Of(r => (r.Commits - (options.Runs * each / 2.0)) / (options.Runs * each / 2.0)))
            : line;
    }

    sealed record Repetition(
        Reading Reading, double ServerSeconds, double? OwnStatementPerSecond, Sample Costs, double FloorPerSecond, double SyncUs, long Transactions, long Commits);
}
