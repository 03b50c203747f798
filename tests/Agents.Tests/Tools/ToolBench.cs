using System.Text;
using System.Text.Json;
using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;
using Agents.Contracts.Work;
using Agents.Tools;
using Agents.Tools.Catalogue;
using Agents.Tools.Effects;
using Agents.Tools.Methods;
using Agents.Tools.Running;
using Xunit;

namespace Agents.Tests.Tools;

/// <summary>A root, a data directory and an output folder of their own, and tools over them. One bench is one process.</summary>
sealed class ToolBench : IAsyncDisposable
{
    public static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(60);

    readonly bool _ownsFolder;
    ToolRunner? _runner;

    public ToolBench(
        IEffectObserver? observer = null, MethodTools? methods = null, ToolBench? sameFolder = null,
        TimeProvider? clock = null)
    {
        _ownsFolder = sameFolder is null;
        Base = sameFolder?.Base ?? Directory.CreateTempSubdirectory("agents-tools-").FullName;
        Catalogue = new ToolCatalogue(
            new ToolEnvironment
            {
                DataDirectory = Path.Combine(Base, "data"),
                Clock = clock ?? TimeProvider.System,
                Observer = observer ?? NoEffectObserver.Instance,
                CallTimeout = CallTimeout,
                Variable = name => Variables.GetValueOrDefault(name),
            },
            methods);
        Directory.CreateDirectory(Root);
        Directory.CreateDirectory(Out);
        Settings = sameFolder?.Settings ?? new ToolSettings { Root = Root, Out = Out };
    }

    public string Base { get; }

    public string Root => Path.Combine(Base, "root");

    public string Out => Path.Combine(Base, "out");

    public string Data => Path.Combine(Base, "data");

    public ToolCatalogue Catalogue { get; }

    public ToolSettings Settings { get; set; }

    public List<ToolSpec> Tools { get; } = [];

    public Dictionary<string, string> Variables { get; } = [];

    public static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public string Write(string path, string text, bool atRoot = true)
    {
        var full = Path.Combine(atRoot ? Root : Out, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllBytes(full, Encoding.UTF8.GetBytes(text));
        return full;
    }

    public async Task<ToolResolution> ResolveAsync(params string[] entries)
    {
        var resolution = await Catalogue.ResolveAsync(
            [.. entries.Select(e => JsonElement.Parse(e.StartsWith('{') || e.StartsWith('[') ? e : $"\"{e}\""))],
            Settings, Cancel);
        Tools.AddRange(resolution.Tools.Where(t => Tools.All(k => k.Name != t.Name)));
        return resolution;
    }

    public Task<ToolRun> RunAsync(
        string tool, string arguments, string? key = null, string attempt = "a1", int number = 1,
        ActivityMode mode = ActivityMode.Execute, bool gone = false, Func<bool>? mayAct = null, string run = "run-1",
        CancellationToken? cancel = null, Func<string, CancellationToken, Task<IReadOnlyList<PastCall>>>? inherited = null)
    {
        if (Tools.Count == 0)
        {
            Tools.AddRange(Catalogue.Known);
        }

        var input = new RunInput
        {
            Name = "test",
            Goal = "test",
            Model = new ModelProfile { Name = "none", BaseUrl = "http://127.0.0.1", Model = "none" },
            Tools = Tools,
            ToolSettings = Settings,
        };
        var request = new ToolRequest
        {
            RunId = run,
            Call = new ToolCall(0, "call-1", tool, arguments),
            Key = key ?? $"key of {tool} {arguments}",
            AttemptToken = attempt,
            Attempt = number,
            Mode = mode,
            PredecessorGone = gone,
            MayAct = mayAct ?? (() => true),
            Inherited = inherited,
        };
        return (_runner ??= new ToolRunner(Catalogue)).RunAsync(input, request, cancel ?? Cancel);
    }

    /// <summary>Runs a call that must be answered, and reads the answer as JSON.</summary>
    public async Task<JsonElement> AnswerAsync(string tool, string arguments, string? key = null)
    {
        var reply = await ReplyAsync(tool, arguments, key);
        Assert.False(reply.IsError, reply.Content);
        return JsonElement.Parse(reply.Content);
    }

    /// <summary>Runs a call that must be refused, and gives the words.</summary>
    public async Task<string> RefusalAsync(string tool, string arguments)
    {
        var reply = await ReplyAsync(tool, arguments);
        Assert.True(reply.IsError, reply.Content);
        return reply.Content;
    }

    public async Task<ToolReply> ReplyAsync(string tool, string arguments, string? key = null) =>
        Assert.IsType<ToolRun.Replied>(await RunAsync(tool, arguments, key)).Reply;

    public async ValueTask DisposeAsync()
    {
        await Catalogue.DisposeAsync();
        if (_ownsFolder)
        {
            Directory.Delete(Base, recursive: true);
        }
    }

    public static string Args(object value) => JsonSerializer.Serialize(value);
}

/// <summary>Stands in for a death: the attempt goes no further than a point.</summary>
sealed class DiesAt(EffectPoint point) : IEffectObserver
{
    public ValueTask AtAsync(EffectPoint at, EffectSighting effect, CancellationToken cancel) =>
        at == point ? throw new InvalidOperationException("died here") : default;
}

/// <summary>Stands in for a freeze: the attempt waits at a point until it is let go.</summary>
sealed class FreezesAt(EffectPoint point) : IEffectObserver
{
    readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly TaskCompletionSource _thawed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Returns once the call waits here; fails when it ends without having come by.</summary>
    public async Task ReachedByAsync(Task call)
    {
        if (await Task.WhenAny(call, _reached.Task) == call)
        {
            await call;
            Assert.Fail($"the call ended before {point}");
        }
    }

    public void Thaw() => _thawed.TrySetResult();

    public async ValueTask AtAsync(EffectPoint at, EffectSighting effect, CancellationToken cancel)
    {
        if (at == point)
        {
            _reached.TrySetResult();
            await _thawed.Task;
        }
    }
}
