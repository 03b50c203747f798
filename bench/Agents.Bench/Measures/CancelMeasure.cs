using System.Diagnostics;
using Agents.Bench.Results;
using Agents.Bench.Stores;
using Agents.Bench.Workload;
using Agents.Contracts.Client;
using Agents.Contracts.Effects;
using Agents.Contracts.Instances;

namespace Agents.Bench.Measures;

/// <summary>
/// Runs that wait in a model call are cancelled while others work: from the request to the call's own token, and to the
/// status that a client reads.
/// </summary>
static class CancelMeasure
{
    const int Waiting = 100, Working = 8, WaitsAt = 5;

    public static async IAsyncEnumerable<ResultLine> TakeAsync(BenchOptions options)
    {
        var runs = new AgentRuns(options.Length, options.Bytes, EffectClass.Idempotent);
        await using var store = BenchStore.Of(options);
        var activities = new BenchActivities(new Words(options.Prose), runs);
        await using var node = await BenchNode.OpenAsync(store, activities);
        await node.RunAllAsync(runs, Working);

        var calls = new Dictionary<string, Call>();
        activities.Before = (item, number, cancel) => number == WaitsAt && calls.TryGetValue(item.InstanceId, out var call)
            ? call.WaitAsync(cancel)
            : Task.CompletedTask;
        for (var i = 0; i < Waiting; i++)
        {
            calls.Add($"waiting-{i}", new Call());
        }

        foreach (var id in calls.Keys)
        {
            await node.Client.StartAsync(runs.Start(id), CancellationToken.None);
        }

        await Task.WhenAll(calls.Values.Select(c => c.Begun.Task));
        var busy = node.RunAllAsync(runs, Working);
        List<double> told = [], terminal = [];
        foreach (var (id, call) in calls)
        {
            var began = Stopwatch.GetTimestamp();
            await node.Client.SendAsync(new InstanceId(id), new InstanceMessage.Terminate(null, true), null, CancellationToken.None);
            var view = await node.Client.WaitForCompletionAsync(new InstanceId(id), CancellationToken.None);
            terminal.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            told.Add(Stopwatch.GetElapsedTime(began, await call.Cancelled.Task).TotalMilliseconds);
            if (view?.Status != OrchestrationStatus.Terminated)
            {
                throw new InvalidOperationException($"run {id} was cancelled and is {view?.Status}");
            }
        }

        await busy;
        yield return new ResultLine("cancel-latency").Set("store", options.Store).Set("cancels", terminal.Count)
            .Set("msP50", new Sample(terminal).Median).Set("msP99", new Sample(terminal).Percentile(0.99))
            .Set("msMax", new Sample(terminal).Max)
            .Set("msToCallP50", new Sample(told).Median).Set("msToCallP99", new Sample(told).Percentile(0.99));
    }

    sealed class Call
    {
        public TaskCompletionSource Begun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource<long> Cancelled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async Task WaitAsync(CancellationToken cancel)
        {
            Begun.SetResult();
            try
            {
                await Task.Delay(Timeout.Infinite, cancel);
            }
            finally
            {
                Cancelled.TrySetResult(Stopwatch.GetTimestamp());
            }
        }
    }
}
