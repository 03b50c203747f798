using System.Diagnostics;
using System.Globalization;
using Agents.Bench.Machine;
using Agents.Bench.Results;
using Agents.Bench.Workload;
using Agents.Contracts.Client;
using Agents.Contracts.Effects;
using Agents.Engine.Postgres;
using Agents.Engine.Store;
using Agents.TestKit.Postgres;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Agents.Bench.Measures;

/// <summary>
/// kill -9 of a process in the middle of a lone run; another process opens the same data directory and goes on. Times
/// are those of the wall clock, which both processes share.
/// </summary>
static class ResumeMeasure
{
    const int KilledAtTask = 200;
    const string Ready = "ready", Step = "step";

    public static async IAsyncEnumerable<ResultLine> TakeAsync(BenchOptions options)
    {
        List<double> ready = [], spawned = [], again = [];
        for (var i = 0; i <= options.Repetitions; i++)
        {
            await using var place = await PlaceAsync(options);
            var last = await KillAsync(place);
            var (fromReady, fromSpawn, repeated) = await GoOnAsync(place, last);
            if (i > 0) // the first pair warms the disk cache
            {
                ready.Add(fromReady);
                spawned.Add(fromSpawn);
                again.Add(repeated);
            }
        }

        yield return new ResultLine("resume").Set("store", options.Store).Set("killedAtStep", KilledAtTask)
            .Set("repetitions", ready.Count)
            .Set("msReadyToNextStep", new Sample(ready).Median).Set("msSpawnToNextStep", new Sample(spawned).Median)
            .Set("msSpawnToNextStepMax", new Sample(spawned).Max).Set("stepsAgainMax", new Sample(again).Max);
    }

    static async Task<int> KillAsync(Place place)
    {
        using var child = Spawn(place);
        var last = 0;
        while (last < KilledAtTask && await child.StandardOutput.ReadLineAsync() is { } line)
        {
            last = Number(line) ?? last;
        }

        child.Kill();
        await child.WaitForExitAsync();
        while (await child.StandardOutput.ReadLineAsync() is { } line)
        {
            last = Math.Max(last, Number(line) ?? 0); // what it did until the signal reached it
        }

        return last;
    }

    static async Task<(double FromReady, double FromSpawn, int Again)> GoOnAsync(Place place, int last)
    {
        var spawn = Microseconds();
        using var child = Spawn(place);
        long ready = 0;
        var again = 0;
        while (await child.StandardOutput.ReadLineAsync() is { } line)
        {
            ready = line.StartsWith(Ready, StringComparison.Ordinal) ? At(line) : ready;
            if (Number(line) <= last)
            {
                again++;
            }

            // The node takes runs over before it says that it is ready: then ready is what came last.
            if (Number(line) > last && ready > 0)
            {
                child.Kill();
                await child.WaitForExitAsync();
                var began = At(line);
                return (Math.Max(0, (began - ready) / 1000.0), (began - spawn) / 1000.0, again);
            }
        }

        throw new InvalidOperationException($"the second process made no step after task {last}");
    }

    /// <summary>The child: opens the data directory, goes on with what is there or begins a run, and says each step.</summary>
    public static async Task<int> ChildAsync(BenchOptions options)
    {
        var data = options.Data ?? throw new UsageException("--data is needed");
        var runs = new AgentRuns(300, 1024, EffectClass.Idempotent);
        var activities = new BenchActivities(new Words(prose: false), runs)
        {
            Before = (item, _, _) =>
            {
                Say($"{Step} {item.TaskId}");
                return Task.CompletedTask;
            },
        };
        await using var node = options.Store == "postgres"
            ? await BenchNode.OpenAsync(() => OpenAsync(data), activities.Orchestrators, activities, PostgresOptions.CallersMax)
            : await BenchNode.OpenAsync(data, activities);
        Say(Ready);
        if ((await node.Client.QueryAsync(new InstanceQuery { PageSize = 1 }, CancellationToken.None)).Items.Count == 0)
        {
            await node.FinishAsync(await node.StartAsync(runs));
        }

        await Task.Delay(Timeout.Infinite);
        return 0;
    }

    static void Say(string what) => Console.Out.WriteLine($"{what} @{Microseconds()}");

    static int? Number(string line) => line.StartsWith(Step, StringComparison.Ordinal)
        ? int.Parse(line.AsSpan(Step.Length, line.IndexOf('@') - Step.Length), CultureInfo.InvariantCulture)
        : null;

    static long At(string line) => long.Parse(line.AsSpan(line.IndexOf('@') + 1), CultureInfo.InvariantCulture);

    static long Microseconds() => (TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / 10;

    static async Task<IEngineStore> OpenAsync(string url) => await PostgresStore.OpenAsync(
        new PostgresOptions { Url = url }, TimeProvider.System, NullLogger.Instance, CancellationToken.None);

    static async Task<Place> PlaceAsync(BenchOptions options)
    {
        if (options.Store == "sqlite")
        {
            var folder = new ScratchFolder("resume");
            return new Place(options.Store, folder.Path, folder);
        }

        var server = PostgresServer.Start(out var reason) ?? throw new UsageException(reason);
        await (await OpenAsync(server.Url)).DisposeAsync();
        return new Place(options.Store, server.Url, server);
    }

    static Process Spawn(Place place) => Process.Start(new ProcessStartInfo(
        Environment.ProcessPath!, [BenchOptions.ResumeChild, "--store", place.Store, "--data", place.Data]) { RedirectStandardOutput = true })!;

    /// <summary>Where both processes work: a data directory, or a server that stays up.</summary>
    sealed record Place(string Store, string Data, IDisposable Owner) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            NpgsqlConnection.ClearAllPools();
            Owner.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
