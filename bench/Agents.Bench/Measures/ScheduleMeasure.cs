using Agents.Bench.Machine;
using Agents.Bench.Results;
using Agents.Bench.Scheduling;
using Agents.ModelServer.Gguf;
using Agents.Pool.Routing;

namespace Agents.Bench.Measures;

/// <summary>
/// Ways to spread the calls of many runs over model workers, first in simulation at growing shortage of KV room, then on
/// two real model servers.
/// </summary>
static class ScheduleMeasure
{
    const int Workers = 4;
    const int Seed = 11;

    static readonly TraceShape s_shape = new(Runs: 64, Calls: 300, Tenants: 8, Scale: 1, PauseScale: 1, StartsWithin: 120);

    public static async IAsyncEnumerable<ResultLine> TakeAsync(BenchOptions options)
    {
        await Task.Yield();
        var trace = Trace.Make(Seed, s_shape);
        foreach (var shortage in (double[])[1, 2, 4])
        {
            var kvTokens = (int)(trace.DemandTokens / Workers / shortage);
            foreach (var arm in Enum.GetValues<Arm>())
            {
                var result = new ScheduleSimulation(trace, arm, Workers, kvTokens, RoutingOptions.Default).Run();
                yield return Line(arm, result).Set("kind", $"simulated {shortage}x {arm}").Set("runs", s_shape.Runs).Set("length", s_shape.Calls)
                    .Set("workers", Workers).Set("kvTokens", kvTokens).Set("trace", trace.Digest());
            }
        }

        await foreach (var line in RealAsync())
        {
            yield return line;
        }
    }

    /// <summary>Two model servers with one thread each, at twice the room; the trace is played twenty times faster.</summary>
    static async IAsyncEnumerable<ResultLine> RealAsync()
    {
        const int Servers = 2;
        const double Faster = 0.05;
        var trace = Trace.Make(Seed, new TraceShape(Runs: 8, Calls: 12, Tenants: 3, Scale: 0.1, PauseScale: Faster, StartsWithin: 2));
        var kvTokens = (int)(trace.DemandTokens / Servers / 2);
        using var scratch = new ScratchFolder("schedule");
        var path = Path.Combine(scratch.Path, "random.gguf");
        RandomModel.Write(path, ModelShape.Small, seed: 3);
        foreach (var arm in Enum.GetValues<Arm>())
        {
            await using var play = await RealSchedule.StartAsync(trace, arm, Servers, kvTokens, path, RoutingOptions.Default.TimesBy(Faster));
            var result = await play.RunAsync();
            yield return Line(arm, result).Set("kind", $"two model servers {arm}").Set("runs", trace.Runs.Count).Set("length", trace.Runs[0].Calls.Count)
                .Set("workers", Servers).Set("threads", 1).Set("kvTokens", kvTokens).Set("trace", trace.Digest());
        }
    }

    static ResultLine Line(Arm arm, ScheduleResult result) => new ResultLine("schedule").Set("arm", arm.ToString())
        .Set("hitRate", result.HitRate).Set("firstTokenP50", result.FirstTokenP50).Set("firstTokenP95", result.FirstTokenP95)
        .Set("interactiveP95", result.InteractiveP95).Set("firstTokenMax", result.FirstTokenMax).Set("gpuSecondsPerRun", result.GpuSecondsPerRun)
        .Set("meanRunSeconds", result.MeanRunSeconds).Set("makespan", result.Makespan);
}
