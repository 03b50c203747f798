using Agents.Client.DurableTask;
using Agents.Conformance.Polyglot;
using Agents.Contracts.Client;
using Agents.Contracts.Instances;
using Agents.Replay;
using Agents.Worker.DurableTask;
using Xunit;

namespace Agents.Conformance.OwnClient;

/// <summary>A thousand orchestrations at once, whose code is elsewhere, and what that costs the process that hosts them.</summary>
public sealed class CrowdTests(ITestOutputHelper output) : IDisposable
{
    const int Crowd = 1_000;
    const long Mebi = 1024 * 1024;

    /// <summary>Of the service's resident memory, over what it had before: 1,000 that wait, each with a history of 2 KB.</summary>
    const long GrowthMax = 160 * Mebi;

    /// <summary>Of a second crowd over the first one: what is over is let go.</summary>
    const long SecondGrowthMax = 64 * Mebi;

    static readonly string s_kilobyte = $"\"{new string('x', 1_000)}\"";

    readonly string _folder = Directory.CreateTempSubdirectory("agents-crowd-").FullName;

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_thousand_at_once_take_memory_within_a_bound_and_give_it_back()
    {
        using var server = new Started(
            Checkout.Agents, _folder, ["serve", "--grpc-port", "0", "--data", Path.Combine(_folder, "data")]);
        var address = (await server.SaysAsync("Durable Task")).Split(' ', StringSplitOptions.RemoveEmptyEntries)[2];
        using var hub = new TaskHubConnection(new Uri($"http://{address}"));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var waiting = new Arrivals();
        var working = new DurableTaskWorker(
            hub.Work, new OrchestratorHost([new OrchestratorRegistration("waits", null, WaitsAsync)]),
            new Dictionary<string, ActivityCode>
            {
                ["gives"] = (_, _) => Task.FromResult<string?>(s_kilobyte),
                ["arrives"] = (_, _) => Task.FromResult(waiting.Arrived()),
            },
            TimeProvider.System).RunAsync(stop.Token);
        await RunAsync(hub, waiting, 20, null); // what the first ones bring into memory is not what a crowd costs
        var before = server.ResidentBytes;
        var peaks = new List<long>();
        for (var wave = 0; wave < 2; wave++)
        {
            await RunAsync(hub, waiting, Crowd, () => peaks.Add(server.ResidentBytes - before));
        }

        await stop.CancelAsync();
        await working;
        output.WriteLine($"MB over {before / Mebi} MB: {string.Join(", ", peaks.Select(p => p / Mebi))}");
        Assert.InRange(peaks[0], 0, GrowthMax);
        Assert.InRange(peaks[1], 0, peaks[0] + SecondGrowthMax);
    }

    static async Task RunAsync(TaskHubConnection hub, Arrivals waiting, int count, Action? look)
    {
        var all = waiting.Expect(count);
        var ids = Enumerable.Range(0, count).Select(_ => $"crowd-{Guid.NewGuid():N}").ToList();
        await Parallel.ForEachAsync(ids, Cancel, async (id, cancel) =>
            await hub.Instances.StartAsync(new StartRequest { Id = new InstanceId(id), Name = "waits" }, cancel));
        await all.WaitAsync(TimeSpan.FromMinutes(2), Cancel);
        look?.Invoke();
        await Parallel.ForEachAsync(ids, Cancel, async (id, cancel) => await hub.Instances.RaiseAsync(id, "go", "1", cancel));
        foreach (var id in ids)
        {
            Assert.Equal("1", (await hub.Instances.WaitForEndAsync(id, Cancel))!.Output);
        }
    }

    static async Task<string?> WaitsAsync(OrchestrationContext context)
    {
        await context.CallActivityRawAsync("gives", null);
        await context.CallActivityRawAsync("arrives", null);
        return (await context.WaitForExternalEventRaw("go")).Input;
    }

    sealed class Arrivals
    {
        TaskCompletionSource _all = new();
        int _missing;

        public Task Expect(int count)
        {
            (_missing, _all) = (count, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            return _all.Task;
        }

        public string? Arrived()
        {
            if (Interlocked.Decrement(ref _missing) == 0)
            {
                _all.SetResult();
            }

            return null;
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
