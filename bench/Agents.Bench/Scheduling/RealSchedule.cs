using System.Diagnostics;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using Agents.Bench.Results;
using Agents.ModelServer.Http;
using Agents.ModelServer.Native;
using Agents.Pool.Routing;

namespace Agents.Bench.Scheduling;

/// <summary>
/// Plays a trace against real model servers over HTTP. A prompt is the run's conversation so far in token ids, replies
/// included, so that what a server holds of it is what it computed.
/// </summary>
sealed class RealSchedule : IAsyncDisposable
{
    const int Slots = 8;

    readonly Trace _trace;
    readonly List<(ServedModel Model, LocalModelServer Server)> _servers = [];
    readonly HttpClient _http = new() { Timeout = Timeout.InfiniteTimeSpan };
    readonly Dispatcher _dispatcher;
    readonly Lock _gate = new();
    readonly Dictionary<WaitingRequest, TaskCompletionSource<(int Worker, int Held)>> _places = [];
    readonly int[] _inWork;
    readonly int[] _owed;
    readonly int _kvTokens;
    readonly List<double> _firstTokens = [];
    readonly List<double> _interactive = [];
    readonly List<double> _runSeconds = [];
    long _promptTokens;
    long _foundTokens;

    RealSchedule(Trace trace, Arm arm, int servers, int kvTokens, RoutingOptions options)
    {
        (_trace, _kvTokens) = (trace, kvTokens);
        (_inWork, _owed) = (new int[servers], new int[servers]);
        _dispatcher = new Dispatcher(arm, servers, kvTokens, options);
    }

    public static async Task<RealSchedule> StartAsync(Trace trace, Arm arm, int servers, int kvTokens, string modelPath, RoutingOptions options)
    {
        var play = new RealSchedule(trace, arm, servers, kvTokens, options);
        var library = ModelLibrary.Load();
        for (var i = 0; i < servers; i++)
        {
            var served = new ServedModelOptions { Path = modelPath, Id = "random", Cells = kvTokens, Slots = Slots, QueueMax = 256, Threads = 1 };
            var model = ServedModel.Load(library, served, TimeProvider.System);
            play._servers.Add((model, await LocalModelServer.StartAsync(model, new ModelServerOptions(), TimeProvider.System, CancellationToken.None)));
        }

        return play;
    }

    public async Task<ScheduleResult> RunAsync()
    {
        var (since, cpu) = (Stopwatch.GetTimestamp(), Process.GetCurrentProcess().TotalProcessorTime);
        using var stop = new CancellationTokenSource();
        var ticking = TickAsync(stop.Token);
        await Task.WhenAll(_trace.Runs.Select(PlayAsync));
        await stop.CancelAsync();
        await ticking;
        var spent = (Process.GetCurrentProcess().TotalProcessorTime - cpu).TotalSeconds;
        var first = new Sample(_firstTokens);
        return new ScheduleResult(
            (double)_foundTokens / _promptTokens, first.Median, first.Percentile(0.95), new Sample(_interactive).Percentile(0.95), first.Max,
            spent / _trace.Runs.Count, _runSeconds.Average(), Stopwatch.GetElapsedTime(since).TotalSeconds);
    }

    async Task PlayAsync(TraceRun run)
    {
        await Task.Delay(TimeSpan.FromSeconds(run.StartsAt));
        var since = Stopwatch.GetTimestamp();
        List<int> conversation = [];
        for (var i = 0; i < run.Calls.Count; i++)
        {
            var call = run.Calls[i];
            if (i == 0 || run.Calls[i - 1].Generation != call.Generation)
            {
                conversation = [.. Words("head " + run.Tenant, 0, run.HeadTokens)];
            }

            conversation.AddRange(Words($"{run.Id} {call.Generation}", conversation.Count, call.PromptTokens - conversation.Count));
            await CallAsync(run, i, conversation);
            await Task.Delay(TimeSpan.FromSeconds(call.PauseSeconds));
        }

        lock (_gate)
        {
            _runSeconds.Add(Stopwatch.GetElapsedTime(since).TotalSeconds);
        }
    }

    async Task CallAsync(TraceRun run, int index, List<int> conversation)
    {
        var (call, came) = (run.Calls[index], Stopwatch.GetTimestamp());
        var place = new TaskCompletionSource<(int, int)>(TaskCreationOptions.RunContinuationsAsynchronously);
        WaitingRequest waiting;
        lock (_gate)
        {
            waiting = _dispatcher.Came(Dispatcher.Request(run, index), TimeProvider.System.GetUtcNow());
            _places[waiting] = place;
            Dispatch();
        }

        var (worker, held) = await place.Task;
        var owed = call.PromptTokens - held;
        var found = await CompleteAsync(worker, conversation, call.ReplyTokens, () => FirstToken(run, worker, owed, Stopwatch.GetElapsedTime(came)));
        lock (_gate)
        {
            _inWork[worker]--;
            _promptTokens += call.PromptTokens;
            _foundTokens += found;
            TimeSpan? hint = index == run.Calls.Count - 1 ? null : TimeSpan.FromSeconds(call.PauseHint);
            _dispatcher.Ended(waiting, worker, found, call.ReplyTokens, TimeProvider.System.GetUtcNow(), hint);
            Dispatch();
        }
    }

    void FirstToken(TraceRun run, int worker, int owed, TimeSpan after)
    {
        lock (_gate)
        {
            _owed[worker] -= owed;
            _firstTokens.Add(after.TotalSeconds);
            if (run.Interactive)
            {
                _interactive.Add(after.TotalSeconds);
            }
        }
    }

    void Dispatch()
    {
        while (_dispatcher.Next(Load, TimeProvider.System.GetUtcNow()) is var (waiting, worker, held))
        {
            _inWork[worker]++;
            _owed[worker] += waiting.Request.PromptTokens - held;
            _places.Remove(waiting, out var place);
            place!.SetResult((worker, held));
        }
    }

    async Task TickAsync(CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!cancel.IsCancellationRequested)
        {
            await timer.WaitForNextTickAsync(CancellationToken.None);
            lock (_gate)
            {
                Dispatch();
            }
        }
    }

    WorkerLoad Load(int worker) => new(
        _kvTokens, _kvTokens, Math.Min(_inWork[worker], Slots), Slots, Math.Max(0, _inWork[worker] - Slots), _owed[worker]);

    /// <summary>Adds the reply to the conversation; returns how many tokens of the prompt the server held.</summary>
    async Task<int> CompleteAsync(int worker, List<int> conversation, int tokens, Action onFirst)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _servers[worker].Server.BaseUrl + "/completions")
        {
            Content = new StringContent(
                $$$"""{"prompt":[{{{string.Join(',', conversation)}}}],"max_tokens":{{{tokens}}},"ignore_eos":true,"temperature":0,"return_token_ids":true,"stream":true,"stream_options":{"include_usage":true}}""",
                Encoding.UTF8, "application/json"),
        };
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        var found = 0;
        await foreach (var e in SseParser.Create(await response.Content.ReadAsStreamAsync()).EnumerateAsync())
        {
            if (!e.Data.StartsWith('{'))
            {
                continue;
            }

            using var json = JsonDocument.Parse(e.Data);
            if (json.RootElement.TryGetProperty("usage", out var usage))
            {
                found = usage.GetProperty("prompt_tokens_details").GetProperty("cached_tokens").GetInt32();
            }
            else if (json.RootElement.GetProperty("choices")[0].GetProperty("token_ids") is { } ids && ids.GetArrayLength() > 0)
            {
                onFirst();
                onFirst = () => { };
                conversation.AddRange(ids.EnumerateArray().Select(i => i.GetInt32()));
            }
        }

        return found;
    }

    /// <summary>Tokens that belong to a name and a place: the same wherever the same beginning is.</summary>
    static IEnumerable<int> Words(string name, int from, int count)
    {
        var seed = name.Aggregate(17, (hash, c) => (hash * 31) + c) & 0xFFFF;
        return Enumerable.Range(from, Math.Max(0, count)).Select(i => 33 + (((i * 7) + (seed * 13) + (i * i % (3 + (seed % 11)))) % 90));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (model, server) in _servers)
        {
            await server.DisposeAsync();
            await model.DisposeAsync();
        }

        _http.Dispose();
    }
}
