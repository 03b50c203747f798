using System.Collections.Concurrent;
using System.Globalization;
using Agents.Bench.Results;
using Agents.Bench.Stores;
using Agents.Bench.Workload;
using Agents.Contracts.Client;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Replay;

namespace Agents.Bench.Measures;

/// <summary>
/// How long after its time a durable timer has acted: from the time asked for to the start of the activity that waited
/// for it, so the commit of TimerFired is in it. All timers run at once and come due spread over two seconds.
/// </summary>
static class TimerMeasure
{
    const string Probe = "TimerProbe", Mark = "Mark";
    const int Timers = 500, SpreadMs = 2000, LeadMs = 1000;

    public static async IAsyncEnumerable<ResultLine> TakeAsync(BenchOptions options)
    {
        await using var store = BenchStore.Of(options);
        var marks = new Marks();
        await using var node = await BenchNode.OpenAsync(
            store, new OrchestratorHost([new OrchestratorRegistration(Probe, null, WaitAsync)]), marks);
        await RunAsync(node, "warm", Timers / 5);
        marks.Late.Clear();
        await RunAsync(node, "timer", Timers);
        var late = new Sample(marks.Late);
        yield return new ResultLine("timer-lateness").Set("store", options.Store).Set("timers", late.Count)
            .Set("msP50", late.Median).Set("msP99", late.Percentile(0.99)).Set("msMax", late.Max).Set("msMin", late.Min);
    }

    static Task RunAsync(BenchNode node, string name, int count) =>
        Task.WhenAll(Enumerable.Range(0, count).Select(async i =>
        {
            var id = new InstanceId($"{name}-{i}");
            var input = (LeadMs + (i * SpreadMs / count)).ToString(CultureInfo.InvariantCulture);
            await node.Client.StartAsync(new StartRequest { Id = id, Name = Probe, Input = input }, CancellationToken.None);
            await node.Client.WaitForCompletionAsync(id, CancellationToken.None);
        }));

    static async Task<string?> WaitAsync(OrchestrationContext context)
    {
        var at = context.CurrentUtcDateTime.AddMilliseconds(int.Parse(context.RawInput!, CultureInfo.InvariantCulture));
        await context.CreateTimer(at);
        await context.CallActivityRawAsync(Mark, at.ToString("O", CultureInfo.InvariantCulture));
        return null;
    }

    sealed class Marks : IActivityHost
    {
        public ConcurrentQueue<double> Late { get; } = new();

        public bool CanRun(string name, string? version) => name == Mark;

        public Task<ActivityOutcome> RunAsync(ActivityWorkItem item, IActivityContext context, CancellationToken cancel)
        {
            var at = DateTimeOffset.ParseExact(item.Input!, "O", CultureInfo.InvariantCulture);
            Late.Enqueue((TimeProvider.System.GetUtcNow() - at).TotalMilliseconds);
            return Task.FromResult<ActivityOutcome>(new ActivityOutcome.Completed(null));
        }
    }
}
