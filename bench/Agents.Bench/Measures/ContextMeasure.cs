using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Agents.Bench.Machine;
using Agents.Bench.Results;
using Agents.Bench.Workload;
using Agents.Contracts;
using Agents.Contracts.Effects;
using Agents.Contracts.Transcript;
using Agents.Contracts.Work;
using Agents.Worker;

namespace Agents.Bench.Measures;

/// <summary>
/// Runs of 300 model calls whose last prompt holds 248 thousand tokens, through the real worker and model client. Hot:
/// from the start of model call 300 until its request is written, view and body. Cold: another node opens the store;
/// from its start to the request of call 300, replay included. One run at a time is cold.
/// </summary>
static class ContextMeasure
{
    const int ModelCalls = 300, Tokens = 248_000, BytesPerToken = 4, Runs = 8;

    // What the wire adds to a message on average: roles, ids, names, quotes.
    const int EnvelopeBytes = 118;

    // Items of the last prompt: a reply and a tool result for each step before it.
    const int Items = (ModelCalls - 1) * 2;

    public static async IAsyncEnumerable<ResultLine> TakeAsync(BenchOptions options)
    {
        var runs = new AgentRuns(ModelCalls * 2, (Tokens * BytesPerToken / Items) - EnvelopeBytes, EffectClass.Idempotent);
        var words = new Words(prose: true);
        List<double> hot = [], cold = [];
        long bytes = 0;
        using (var data = new ScratchFolder("context-hot"))
        {
            await ReachAsync(data.Path, words, runs, Runs, (step, taken, length) =>
            {
                // The last calls of a run are all of this size; call 300 alone would be too few values.
                if (step > ModelCalls - 10)
                {
                    lock (hot)
                    {
                        hot.Add(taken.TotalMilliseconds);
                        bytes = Math.Max(bytes, length);
                    }
                }
            });
        }

        using (var data = new ScratchFolder("context-cold"))
        {
            await ReachAsync(data.Path, words, runs, 1, (_, _, _) => { });
            for (var i = 0; i <= options.Repetitions * 4; i++)
            {
                cold.Add(await ColdAsync(data.Path, words, runs));
            }
        }

        var first = cold[0];
        cold.RemoveAt(0);
        yield return new ResultLine("context").Set("store", options.Store).Set("modelCalls", ModelCalls)
            .Set("requestBytes", bytes).Set("tokensAtEnd", bytes / (double)BytesPerToken)
            .Set("views", hot.Count).Set("msViewP50", new Sample(hot).Median).Set("msViewP95", new Sample(hot).Percentile(0.95))
            .Set("resumes", cold.Count).Set("msColdResumeFirst", first)
            .Set("msColdResumeP50", new Sample(cold).Median).Set("msColdResumeP95", new Sample(cold).Percentile(0.95));
    }

    /// <summary>Brings new runs to call 300, which is never answered, and closes the node there.</summary>
    static async Task ReachAsync(string data, Words words, AgentRuns runs, int count, Action<int, TimeSpan, long> requested)
    {
        using var arrived = new CountdownEvent(count);
        await using var node = await OpenAsync(data, words, runs, (step, taken, length) =>
        {
            requested(step, taken, length);
            if (step == ModelCalls)
            {
                arrived.Signal();
            }
        });
        for (var i = 0; i < count; i++)
        {
            await node.StartAsync(runs);
        }

        await Task.Run(arrived.Wait);
    }

    static async Task<double> ColdAsync(string data, Words words, AgentRuns runs)
    {
        var requested = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        var began = Stopwatch.GetTimestamp();
        await using var node = await OpenAsync(
            data, words, runs, (_, _, _) => requested.TrySetResult(Stopwatch.GetTimestamp()));
        return Stopwatch.GetElapsedTime(began, await requested.Task).TotalMilliseconds;
    }

    static Task<BenchNode> OpenAsync(string data, Words words, AgentRuns runs, Action<int, TimeSpan, long> requested)
    {
        var server = new PlayedServer(words, runs) { Requested = requested, SilentAt = ModelCalls };
        var sender = new HttpMessageInvoker(server);
        var worker = new AgentWorker(new AgentWorkerOptions
        {
            Clock = TimeProvider.System,
            Models = _ => sender,
            Tools = (work, _) => Task.FromResult(Looked(words, work.Item, runs)),
        });
        return BenchNode.OpenAsync(data, worker.Orchestrators, server.Watch(worker.Activities));
    }

    static ActivityOutcome Looked(Words words, ActivityWorkItem item, AgentRuns runs) =>
        new ActivityOutcome.Completed(JsonSerializer.Serialize(
            new ToolReply { Content = words.Text(item.InstanceId, item.TaskId, runs.Bytes) }, ContractsJson.Plain.ToolReply));
}
