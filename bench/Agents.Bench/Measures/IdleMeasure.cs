using Agents.Bench.Machine;
using Agents.Bench.Results;
using Agents.Bench.Stores;
using Agents.Bench.Workload;
using Agents.Contracts.Effects;

namespace Agents.Bench.Measures;

/// <summary>A node with finished runs in its store and nothing to do.</summary>
static class IdleMeasure
{
    static readonly TimeSpan s_settle = TimeSpan.FromSeconds(2), s_watched = TimeSpan.FromSeconds(60);

    public static async IAsyncEnumerable<ResultLine> TakeAsync(BenchOptions options)
    {
        var runs = new AgentRuns(options.Length, options.Bytes, EffectClass.Idempotent);
        await using var store = BenchStore.Of(options);
        await using var node = await BenchNode.OpenAsync(
            store, new BenchActivities(new Words(options.Prose), runs));
        await node.RunAllAsync(runs, 4);
        await Task.Delay(s_settle);
        var statements = Statements(node);
        var meter = new Meter();
        await Task.Delay(s_watched);
        var reading = meter.Read();
        yield return new ResultLine("idle").Set("store", options.Store).Set("idleSeconds", reading.Seconds)
            .Set("statementsPer10s", (Statements(node) - statements) * 10 / reading.Seconds)
            .Set("cpuPercent", reading.CpuSeconds * 100 / reading.Seconds);
    }

    static long Statements(BenchNode node) => node.Store.Transactions + node.Store.Reads;
}
