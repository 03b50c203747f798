using Agents.Bench.Machine;
using Agents.Bench.Results;
using Agents.Bench.Stores;
using Agents.Bench.Workload;
using Agents.Contracts.Effects;

namespace Agents.Bench.Measures;

/// <summary>The process with all runs hot and halfway: each has its conversation and its continuation in memory.</summary>
static class MemoryMeasure
{
    public static async IAsyncEnumerable<ResultLine> TakeAsync(BenchOptions options)
    {
        var runs = new AgentRuns(options.Length, options.Bytes, EffectClass.Idempotent);
        await using var store = BenchStore.Of(options);
        var activities = new BenchActivities(new Words(options.Prose), runs);
        await using var node = await BenchNode.OpenAsync(store, activities);
        await node.RunAllAsync(runs, 2);
        var empty = GC.GetTotalMemory(forceFullCollection: true);

        // Every run stops at its last activity until all are there.
        using var arrived = new CountdownEvent(options.Runs);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        activities.Before = (_, number, _) =>
        {
            if (number < runs.Steps * 2)
            {
                return Task.CompletedTask;
            }

            arrived.Signal();
            return gate.Task;
        };
        var all = node.RunAllAsync(runs, options.Runs);
        await Task.WhenAny(Task.Run(arrived.Wait), all);
        var (rss, pss) = ProcessMemory.MiB();
        var held = GC.GetTotalMemory(forceFullCollection: true);
        var heap = GC.GetGCMemoryInfo().HeapSizeBytes / (1024.0 * 1024.0);
        gate.SetResult();
        await all;
        yield return new ResultLine("memory").Set("store", options.Store).Set("runs", options.Runs)
            .Set("bytes", options.Bytes).Set("length", runs.Steps * 2)
            .Set("rssMB", rss).Set("pssMB", pss).Set("heapMB", heap)
            .Set("bytesPerHotRun", (held - empty) / (double)options.Runs).Set("conversationBytesPerRun", runs.Payload);
    }
}
