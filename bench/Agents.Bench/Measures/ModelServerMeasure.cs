using System.Diagnostics;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using Agents.Bench.Machine;
using Agents.Bench.Results;
using Agents.ModelServer.Generation;
using Agents.ModelServer.Gguf;
using Agents.ModelServer.Http;
using Agents.ModelServer.Native;

namespace Agents.Bench.Measures;

/// <summary>
/// The model server beside a bare loop over the same library with the same model and thread: eight replies at once over
/// HTTP against eight sequences decoded without sampling, text or clients. Then a step whose beginning is held.
/// </summary>
static class ModelServerMeasure
{
    const int Replies = 8;
    const int PromptTokens = 64;
    const int ReplyTokens = 256;
    const int HeadTokens = 4_000;
    const int NewTokens = 32;

    public static async IAsyncEnumerable<ResultLine> TakeAsync(BenchOptions options)
    {
        using var scratch = new ScratchFolder("model");
        var path = Path.Combine(scratch.Path, "random.gguf");
        RandomModel.Write(path, ModelShape.Small, seed: 3);
        var library = ModelLibrary.Load();
        using var bare = NativeModel.Load(library, path);
        var served = new ServedModelOptions { Path = path, Id = "random", Cells = 16_384, Slots = Replies, Threads = 1 };
        await using var model = ServedModel.Load(library, served, TimeProvider.System);
        await using var server = await LocalModelServer.StartAsync(model, new ModelServerOptions(), TimeProvider.System, CancellationToken.None);
        using var http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        var (loops, replies, ratios) = (new List<double>(), new List<double>(), new List<double>());
        for (var i = -1; i < options.Repetitions; i++)
        {
            var loop = Loop(bare);
            var reply = await ServeAsync(http, server.BaseUrl, i + 1);
            if (i >= 0) // the first one warms up
            {
                loops.Add(loop);
                replies.Add(reply);
                ratios.Add(reply / loop);
            }
        }

        yield return new ResultLine("model-server").Set("kind", "decode").Set("runs", Replies).Set("length", ReplyTokens)
            .Set("weights", bare.Weights).Set("threads", 1).Set("repetitions", options.Repetitions)
            .Set("tokensPerSecond", new Sample(replies).Median).Set("bareLoopTokensPerSecond", new Sample(loops).Median)
            .Set("shareOfBareLoop", new Sample(ratios).Median);
        var (cold, warm, computed) = await StepsAsync(http, server.BaseUrl, options.Repetitions);
        yield return new ResultLine("model-server").Set("kind", "step").Set("runs", 1).Set("length", HeadTokens)
            .Set("repetitions", options.Repetitions).Set("msColdToFirstToken", cold).Set("msHeldToFirstToken", warm)
            .Set("tokensComputed", computed).Set("tokensNew", NewTokens).Set("rssMB", ProcessMemory.MiB().Rss).Set("bytesPerToken", model.BytesPerCell);
    }

    /// <summary>Tokens a second of the library alone.</summary>
    static double Loop(NativeModel model)
    {
        var options = new NativeContextOptions { Cells = 16_384, Sequences = Replies + 1, BatchMax = 512, Threads = 1 };
        using var context = new NativeContext(model, options);
        var since = Stopwatch.GetTimestamp();
        var batch = new BatchEntry[Replies * PromptTokens];
        for (var i = 0; i < batch.Length; i++)
        {
            batch[i] = new BatchEntry(Token(i), i % PromptTokens, i / PromptTokens, i % PromptTokens == PromptTokens - 1);
        }

        Decode(context, batch);
        for (var step = 0; step < ReplyTokens - 1; step++)
        {
            Decode(context, [.. Enumerable.Range(0, Replies).Select(s => new BatchEntry(Token(step + s), PromptTokens + step, s, true))]);
        }

        return Replies * ReplyTokens / Stopwatch.GetElapsedTime(since).TotalSeconds;
    }

    static void Decode(NativeContext context, BatchEntry[] batch)
    {
        if (context.Decode(batch) != DecodeOutcome.Done)
        {
            throw new InvalidOperationException("the library could not compute a batch");
        }
    }

    static int Token(int i) => 33 + (i * 7 % 90);

    /// <summary>Tokens a second that clients of the server received.</summary>
    static async Task<double> ServeAsync(HttpClient http, string url, int round)
    {
        var since = Stopwatch.GetTimestamp();
        var counts = await Task.WhenAll(Enumerable.Range(0, Replies).Select(async r =>
        {
            // Every reply has a prompt of its own, new in every round: nothing is held already.
            var prompt = Enumerable.Range(0, PromptTokens).Select(i => i == 0 ? 33 + ((round * Replies) + r) % 200 : Token(i + r));
            return (await CompleteAsync(http, url, prompt, ReplyTokens)).Tokens;
        }));
        return counts.Sum() / Stopwatch.GetElapsedTime(since).TotalSeconds;
    }

    static async Task<(double Cold, double Warm, double Computed)> StepsAsync(HttpClient http, string url, int repetitions)
    {
        var (cold, warm, computed) = (new List<double>(), new List<double>(), new List<double>());
        for (var i = 0; i < repetitions; i++)
        {
            var head = Enumerable.Range(0, HeadTokens).Select(t => t == 0 ? 40 + i : Token(t)).ToList();
            cold.Add((await CompleteAsync(http, url, head, 1)).MsToFirst);
            var step = await CompleteAsync(http, url, head.Concat(Enumerable.Range(0, NewTokens).Select(Token)), 1);
            warm.Add(step.MsToFirst);
            computed.Add(HeadTokens + NewTokens - step.Cached);
        }

        return (new Sample(cold).Median, new Sample(warm).Median, new Sample(computed).Median);
    }

    internal static async Task<(int Tokens, double MsToFirst, int Cached)> CompleteAsync(HttpClient http, string url, IEnumerable<int> prompt, int tokens)
    {
        var since = Stopwatch.GetTimestamp();
        using var request = new HttpRequestMessage(HttpMethod.Post, url + "/completions")
        {
            Content = new StringContent(
                $$$"""{"model":"random","prompt":[{{{string.Join(',', prompt)}}}],"max_tokens":{{{tokens}}},"ignore_eos":true,"stream":true,"stream_options":{"include_usage":true}}""",
                Encoding.UTF8, "application/json"),
        };
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        var (first, made, cached) = (0.0, 0, 0);
        await foreach (var e in SseParser.Create(await response.Content.ReadAsStreamAsync()).EnumerateAsync())
        {
            first = first == 0 ? Stopwatch.GetElapsedTime(since).TotalMilliseconds : first;
            if (e.Data.Contains("\"usage\"", StringComparison.Ordinal))
            {
                using var json = JsonDocument.Parse(e.Data);
                var usage = json.RootElement.GetProperty("usage");
                made = usage.GetProperty("completion_tokens").GetInt32();
                cached = usage.GetProperty("prompt_tokens_details").GetProperty("cached_tokens").GetInt32();
            }
        }

        return (made, first, cached);
    }
}
