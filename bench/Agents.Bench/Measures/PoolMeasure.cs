using System.Diagnostics;
using Agents.Bench.Machine;
using Agents.Bench.Results;
using Agents.Contracts.Pool;
using Agents.ModelServer.Gguf;
using Agents.ModelServer.Http;
using Agents.ModelServer.Native;
using Agents.Pool;
using Agents.Pool.Http;

namespace Agents.Bench.Measures;

/// <summary>
/// The same model server asked directly and through a pool, in pairs and in turns: time to the first token of a short and
/// of a long prompt whose beginning is held, and tokens a second of eight replies at once. All in one process on the
/// loopback interface, as agents up has it.
/// </summary>
static class PoolMeasure
{
    const int Pairs = 60;
    const int Replies = 8;
    const int ReplyTokens = 256;
    const int Cells = 32_768;

    public static async IAsyncEnumerable<ResultLine> TakeAsync(BenchOptions options)
    {
        using var scratch = new ScratchFolder("pool");
        var path = Path.Combine(scratch.Path, "random.gguf");
        RandomModel.Write(path, ModelShape.Small, seed: 3);
        var served = new ServedModelOptions { Path = path, Id = "random", Cells = Cells, Slots = Replies, Threads = 1 };
        await using var model = ServedModel.Load(ModelLibrary.Load(), served, TimeProvider.System);
        await using var server = await LocalModelServer.StartAsync(model, new ModelServerOptions(), TimeProvider.System, CancellationToken.None);
        await using var pool = await PoolServer.StartAsync(new PoolOptions(), TimeProvider.System, CancellationToken.None);
        await pool.Desk.ReportAsync(
            new WorkerReport
            {
                Worker = "bench", Incarnation = "1", Address = server.BaseUrl, Models = ["random"], State = ModelServerState.Ready, EveryMs = 300_000,
                Figures = new WorkerFigures { KvTokens = Cells, RunningMax = Replies, ContextTokens = model.ContextTokens },
            },
            CancellationToken.None);
        using var http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        string[] ways = [server.BaseUrl, pool.Address + "/v1"];
        foreach (var prompt in new[] { 32, 4_000 })
        {
            yield return await FirstTokenAsync(http, ways, prompt, options.Repetitions);
        }

        yield return await SpeedAsync(http, ways, options.Repetitions);
    }

    /// <summary>Both ways in turns, the order changing; what the pool adds is the median of the differences of pairs.</summary>
    static async Task<ResultLine> FirstTokenAsync(HttpClient http, string[] ways, int promptTokens, int repetitions)
    {
        var prompt = Enumerable.Range(0, promptTokens).Select(Token).ToArray();
        var (alone, through, added) = (new List<double>(), new List<double>(), new List<double>());
        for (var i = -10; i < Pairs * repetitions; i++)
        {
            var pair = new double[2];
            foreach (var way in i % 2 == 0 ? new[] { 0, 1 } : [1, 0])
            {
                pair[way] = (await ModelServerMeasure.CompleteAsync(http, ways[way], prompt, 1)).MsToFirst;
            }

            if (i >= 0) // those before warm up
            {
                alone.Add(pair[0]);
                through.Add(pair[1]);
                added.Add(pair[1] - pair[0]);
            }
        }

        return new ResultLine("pool").Set("kind", "first-token").Set("length", promptTokens).Set("pairs", added.Count)
            .Set("msAloneP50", new Sample(alone).Median).Set("msThroughP50", new Sample(through).Median).Set("msAddedP50", new Sample(added).Median);
    }

    static async Task<ResultLine> SpeedAsync(HttpClient http, string[] ways, int repetitions)
    {
        var (alone, through, shares) = (new List<double>(), new List<double>(), new List<double>());
        for (var i = -1; i < repetitions; i++)
        {
            var pair = new double[2];
            foreach (var way in i % 2 == 0 ? new[] { 0, 1 } : [1, 0])
            {
                pair[way] = await RateAsync(http, ways[way], (i * 2) + way + 2);
            }

            if (i >= 0)
            {
                alone.Add(pair[0]);
                through.Add(pair[1]);
                shares.Add(pair[1] / pair[0]);
            }
        }

        return new ResultLine("pool").Set("kind", "decode").Set("runs", Replies).Set("length", ReplyTokens).Set("repetitions", repetitions)
            .Set("tokensPerSecondAlone", new Sample(alone).Median).Set("tokensPerSecondThrough", new Sample(through).Median)
            .Set("shareOfAlone", new Sample(shares).Median);
    }

    static async Task<double> RateAsync(HttpClient http, string url, int round)
    {
        var since = Stopwatch.GetTimestamp();
        var made = await Task.WhenAll(Enumerable.Range(0, Replies).Select(r => ModelServerMeasure.CompleteAsync(
            http, url, Enumerable.Range(0, 64).Select(i => i == 0 ? 33 + (((round * Replies) + r) % 200) : Token(i + r)), ReplyTokens)));
        return made.Sum(m => m.Tokens) / Stopwatch.GetElapsedTime(since).TotalSeconds;
    }

    static int Token(int i) => 33 + (i * 7 % 90);
}
