using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using Agents.Contracts;
using Agents.Contracts.Client;
using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Runs;
using Agents.Engine;
using Agents.Engine.Postgres;
using Agents.Engine.Postgres.Nodes;
using Agents.Engine.Store;
using Agents.TestKit.Effects;
using Agents.TestKit.Models;
using Agents.TestKit.Net;
using Agents.TestKit.Postgres;
using Agents.Tools;
using Agents.Tools.Catalogue;
using Agents.Tools.Effects;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Agents.EndToEnd.Faults;

/// <summary>
/// A real server, nodes in processes of their own, and many runs whose effects can be counted: arrivals at a recorder
/// that lives here (Idempotent: the same key may come again with the same bytes) and lines appended to a file of each run
/// (AtMostOnce: no line twice). The model is a stateless server here.
/// </summary>
public sealed partial class FaultCluster : IAsyncDisposable
{
    public const int Effects = 6;
    const string Lines = "effect 1\neffect 3\neffect 5\n";

    readonly string _folder = Directory.CreateTempSubdirectory("agents-faults-").FullName;
    readonly FakeModelServer _model;
    readonly EffectRecorder _recorder;
    readonly List<NodeProcess> _nodes = [];
    readonly List<string> _runs = [];
    PostgresStore? _store;
    EngineNode? _client;

    FaultCluster(PostgresServer server, EffectRecorder recorder, FakeModelServer model)
    {
        Server = server;
        Proxy = new TcpProxy(new UnixDomainSocketEndPoint(server.Socket));
        _recorder = recorder;
        _model = model;
        _model.Otherwise = Next;
    }

    public PostgresServer Server { get; }

    public TcpProxy Proxy { get; }

    /// <summary>The server through <see cref="Proxy"/>.</summary>
    public string ProxyUrl => $"Host=127.0.0.1;Port={Proxy.Port};Username=postgres;Database=postgres";

    public EngineClient Client => _client!.Client;

    public ArrivalBook Book => _recorder.Book;

    public static bool Full => Environment.GetEnvironmentVariable("AGENTS_CHECK_FULL") == "1";

    /// <summary>Queue of the recorder's tool.</summary>
    public const string Queue = "record";

    /// <summary>Calls that were at the recorder at the same time.</summary>
    public int MostAtOnce => _recorder.MostAtOnce;

    /// <summary>Effects that arrive are kept and not answered while this holds.</summary>
    public void HoldEffects(bool hold)
    {
        if (hold)
        {
            _recorder.Hold();
        }
        else
        {
            _recorder.Release();
        }
    }

    public async Task QueueAsync(Func<QueueView, bool> stands, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(TimeSpan.FromMinutes(1));
        while (!(await Client.ListQueuesAsync(limit.Token)).Any(stands))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), limit.Token);
        }
    }

    public static async Task<FaultCluster> StartAsync(CancellationToken cancel, bool openStore = true)
    {
        var server = PostgresServer.Start(out var reason);
        Assert.SkipWhen(server is null, reason);
        var cluster = new FaultCluster(server!, await EffectRecorder.StartAsync(), await FakeModelServer.StartAsync(cancel));
        if (openStore)
        {
            await cluster.OpenStoreAsync(cancel);
        }

        return cluster;
    }

    public async Task OpenStoreAsync(CancellationToken cancel)
    {
        _store = await PostgresStore.OpenAsync(
            new PostgresOptions { Url = Server.Url }, TimeProvider.System, NullLogger.Instance, cancel);
        _client = new EngineNode(
            _store, new NoWork(), new NoWork(), new EngineOptions { NodeId = "client", Execute = false },
            new EngineEnvironment(TimeProvider.System, new RandomIds(), NullLogger.Instance), _store.NewMembership(new MembershipOptions()));
    }

    /// <summary>A node in a folder of its own, ready to work; with the same <paramref name="name"/> it succeeds the last one there.</summary>
    public async Task<NodeProcess> NodeAsync(
        string name, CancellationToken cancel, string? url = null, params (string Name, string Value)[] environment)
    {
        var data = Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;
        var shared = Directory.CreateDirectory(Path.Combine(_folder, "shared")).FullName;
        var node = NodeProcess.Start(url ?? Server.Url, data, shared, environment.ToDictionary(e => e.Name, e => e.Value));
        _nodes.Add(node);
        await node.SaysAsync("ready", cancel);
        return node;
    }

    public async Task StartRunsAsync(int count, CancellationToken cancel)
    {
        var first = _runs.Count;
        _runs.AddRange(Enumerable.Range(first, count).Select(i => $"run{i}"));
        await Task.WhenAll(_runs.Skip(first).Select(async run =>
        {
            var output = Directory.CreateDirectory(Path.Combine(_folder, "out", run)).FullName;
            var input = await PinnedAsync(Input(output), cancel);
            await Client.StartAsync(
                new StartRequest
                {
                    Id = new InstanceId(run), Name = "AgentRun", Version = "1",
                    Input = JsonSerializer.Serialize(input, ContractsJson.Plain.RunInput),
                },
                cancel);
        }));
    }

    public async Task FinishAsync(TimeSpan within, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(within);
        try
        {
            foreach (var run in _runs)
            {
                await EndAsync(new InstanceId(run), limit.Token);
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            var open = await Client.QueryAsync(new InstanceQuery { PageSize = 1000 }, cancel);
            throw new TimeoutException($"not finished within {within}: " + string.Join("; ", open.Items
                .Where(i => !i.Status.IsTerminal()).Select(i => $"{i.InstanceId} {i.Status} {i.HistoryEvents} events {i.Parked}")));
        }
    }

    /// <summary>The server may be away while we ask.</summary>
    async Task EndAsync(InstanceId run, CancellationToken cancel)
    {
        while (true)
        {
            try
            {
                await Client.WaitForCompletionAsync(run, cancel);
                return;
            }
            catch (StoreUnavailableException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), cancel);
            }
        }
    }

    /// <summary>What differs from a world in which nothing went wrong; nothing, where all is well.</summary>
    public async Task<IReadOnlyList<string>> HarmAsync(CancellationToken cancel)
    {
        List<string> harm = [.. await _store!.Admin.VerifyAsync(cancel)];
        foreach (var run in _runs)
        {
            var view = await Client.GetAsync(new InstanceId(run), true, cancel);
            if (view?.Status != OrchestrationStatus.Completed || view.Output?.Contains($"{Effects} effects", StringComparison.Ordinal) != true)
            {
                harm.Add($"{run}: {view?.Status} {view?.Parked} {view?.Output} {view?.Failure?.ErrorMessage}");
            }

            var lines = Path.Combine(_folder, "out", run, "lines.txt");
            var text = File.Exists(lines) ? await File.ReadAllTextAsync(lines, cancel) : "";
            if (text != Lines)
            {
                harm.Add($"{run}: its lines are {text.ReplaceLineEndings("|")}");
            }

            harm.AddRange(await OutcomesAsync(run, cancel));
        }

        if (await _store.ExamineAsync(cancel) is not { Open: 0, Parked: 0, Stuck: 0 } and var health)
        {
            harm.Add($"the store says {health}");
        }

        var keys = Book.All.GroupBy(a => a.Key).ToList();
        if (keys.Count != _runs.Count * Effects / 2)
        {
            harm.Add($"{keys.Count} effects arrived instead of {_runs.Count * Effects / 2}");
        }

        harm.AddRange(keys.Where(k => k.Select(a => a.Body).Distinct().Count() > 1).Select(k => $"{k.Key} came again with other bytes"));
        return harm;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        await (_store?.DisposeAsync() ?? ValueTask.CompletedTask);
        await Proxy.DisposeAsync();
        await _model.DisposeAsync();
        await _recorder.DisposeAsync();
        Server.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    async Task<IEnumerable<string>> OutcomesAsync(string run, CancellationToken cancel)
    {
        var events = await Client.ReadAsync(new InstanceId(run), 0, 0, 10_000, cancel);
        var outcomes = events.Select(e => e.Event switch
        {
            TaskCompleted c => c.TaskScheduledId,
            TaskFailed f => f.TaskScheduledId,
            _ => (int?)null,
        }).OfType<int>().GroupBy(id => id);
        var ends = events.Count(e => e.Event is ExecutionCompleted);
        return outcomes.Where(o => o.Count() > 1).Select(o => $"{run}: task {o.Key} has {o.Count()} outcomes")
            .Concat(ends == 1 ? [] : [$"{run}: {ends} ends"]);
    }

    static FakeReply Next(CapturedRequest request)
    {
        var done = ToolRole().Count(request.Body);
        return done >= Effects ? FakeReply.Answer($"{done} effects")
            : done % 2 == 0 ? FakeReply.Calls(("record", $$"""{"n":{{done}}}"""))
            : FakeReply.Calls(("append", $$"""{"path":"lines.txt","line":"effect {{done}}"}"""));
    }

    async Task<RunInput> PinnedAsync(RunInput input, CancellationToken cancel)
    {
        await using var catalogue = new ToolCatalogue(new ToolEnvironment
        {
            DataDirectory = Path.Combine(_folder, "shared"), Clock = TimeProvider.System,
        });
        var entries = input.Tools.Select(t => JsonSerializer.SerializeToElement(t.Name)).ToList();
        var tools = (await catalogue.ResolveAsync(entries, input.ToolSettings, cancel)).Tools;
        return input with
        {
            Tools = [.. tools.Select(t => t.Name == "record" ? t with { Effect = EffectClass.Idempotent, Queue = Queue } : t)],
        };
    }

    RunInput Input(string output) => new()
    {
        Name = "fault",
        Goal = "have effects",
        Model = new ModelProfile { Name = "fake", BaseUrl = _model.BaseUrl, Model = "fake" },
        Tools = [Named("record"), Named("append")],
        ToolSettings = new ToolSettings
        {
            Root = output,
            Out = output,
            HttpAllow = [_recorder.HostAndPort],
            HttpTools = new Dictionary<string, HttpToolSettings>
            {
                ["record"] = new HttpToolSettings { Url = $"{_recorder.Address}/effects/record" },
            },
        },
    };

    static ToolSpec Named(string name) => new()
    {
        Name = name, Parameters = JsonSerializer.SerializeToElement(new { type = "object" }), Effect = EffectClass.AtMostOnce,
    };

    [GeneratedRegex("\"role\"\\s*:\\s*\"tool\"")]
    private static partial Regex ToolRole();

    sealed class RandomIds : IIdSource
    {
        public Guid NextGuid() => Guid.NewGuid();
    }
}
