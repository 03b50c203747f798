using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Agents.Cluster;
using Agents.Contracts.Client;
using Agents.Contracts.Effects;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Engine;
using Agents.Engine.Postgres;
using Agents.Replay;
using Agents.TestKit.Nodes;
using Microsoft.Extensions.Logging;

namespace Agents.TestKit.Cluster;

/// <summary>
/// A node of a cluster as a process of its own: takes commands on its input, says on its output what happens and when.
/// Times are ticks of the machine's monotonic clock, which all processes share.
/// </summary>
public sealed class ClusterChild
{
    /// <summary>First argument of a program that can be such a node; then: store URL, schema, folder of the world.</summary>
    public const string Verb = "cluster-node";

    readonly FenceableWorld _world;
    readonly TextWriter _out = TextWriter.Synchronized(Console.Out);
    EngineNode? _node;

    ClusterChild(string world) => _world = new FenceableWorld(world);

    public static async Task<int> RunAsync(string url, string schema, string world)
    {
        var child = new ClusterChild(world);
        await using var store = await PostgresStore.OpenAsync(
            new PostgresOptions { Url = url, Schema = schema }, TimeProvider.System, child.NewLog(), CancellationToken.None);
        await using var cluster = ClusterMembership.Create(
            new ClusterSettings { Name = schema }, store.Members, TimeProvider.System, child.NewLog());
        var activities = new LambdaActivities();
        activities.Set("step", child.StepAsync);
        activities.Set("forever", child.ForeverAsync);
        await using var node = new EngineNode(
            store, new OrchestratorHost([new("walk", null, WalkAsync), new("hang", null, HangAsync)]), activities,
            new EngineOptions { NodeId = cluster.NodeId, SweepEvery = Sweeps(), LookForLostHints = true },
            new EngineEnvironment(TimeProvider.System, new RandomIds(), child.NewLog()), cluster);
        child._node = node;
        await node.StartAsync(CancellationToken.None);
        child.Say("ready", cluster.NodeId);
        var commands = child.ObeyAsync();
        if (await Task.WhenAny(commands, node.DeclaredDead) == node.DeclaredDead)
        {
            child.Say("dead", await node.DeclaredDead);
            return 3;
        }

        var began = Stopwatch.GetTimestamp();
        await node.StopAsync(TimeSpan.FromSeconds(5));
        child.Say("stopped", Stopwatch.GetElapsedTime(began).TotalMilliseconds.ToString("F0", CultureInfo.InvariantCulture));
        return 0;
    }

    /// <summary>Sooner than the product's minute, so that a lost hint costs a test seconds; a measurement names the product's.</summary>
    static TimeSpan Sweeps() => TimeSpan.FromMilliseconds(
        int.TryParse(Environment.GetEnvironmentVariable("AGENTS_SWEEP_MS"), CultureInfo.InvariantCulture, out var ms) ? ms : 10_000);

    static async Task<string?> WalkAsync(OrchestrationContext c)
    {
        var steps = int.Parse(c.RawInput!, CultureInfo.InvariantCulture);
        for (var i = 0; i < steps; i++)
        {
            var key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{c.InstanceId} {i}")));
            await c.CallActivityRawAsync("step", $"{i}", new TaskOptions
            {
                Effect = new EffectIntent(i % 3 == 0 ? EffectClass.AtMostOnce : EffectClass.Idempotent, key, "step"),
            });
        }

        return "walked";
    }

    static async Task<string?> HangAsync(OrchestrationContext c) => (await c.CallActivityRawAsync("forever", null)).Value;

    async Task<ActivityOutcome> StepAsync(ActivityWorkItem item, IActivityContext context, CancellationToken cancel)
    {
        Say("step", $"{item.InstanceId} {item.Input}");
        if (item.Effect is { Class: EffectClass.AtMostOnce })
        {
            return await _world.AtMostOnceAsync(item, context, TakesAsync);
        }

        await TakesAsync();
        _world.Idempotent(item.Effect!);
        return new ActivityOutcome.Completed("done");
    }

    static Task TakesAsync() => Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, CancellationToken.None);

    async Task<ActivityOutcome> ForeverAsync(ActivityWorkItem item, IActivityContext context, CancellationToken cancel)
    {
        Say("step", $"{item.InstanceId} 0");
        var cancelled = new TaskCompletionSource();
        await using var registration = cancel.Register(() => cancelled.TrySetResult());
        await cancelled.Task;
        Say("cancelled", item.InstanceId);
        return new ActivityOutcome.NotStarted();
    }

    /// <summary>Until the input ends or says so.</summary>
    async Task ObeyAsync()
    {
        await Task.Yield();   // the console's reader blocks
        while (await Console.In.ReadLineAsync() is { } line && line != "stop")
        {
            _ = DoAsync(line.Split(' '));
        }
    }

    async Task DoAsync(string[] command)
    {
        try
        {
            await (command switch
            {
                ["start", var id, var name, var input] => _node!.Client.StartAsync(
                    new StartRequest { Id = new InstanceId(id), Name = name, Input = input }, CancellationToken.None),
                ["cancel", var id] => CancelAsync(new InstanceId(id)),
                ["wait", var id] => WaitAsync(new InstanceId(id)),
                ["verify"] => VerifyAsync(),
                _ => throw new ArgumentException($"no such command: {string.Join(' ', command)}", nameof(command)),
            });
        }
        catch (Exception e)
        {
            Say("failed", $"{string.Join(' ', command)}: {e.Message.ReplaceLineEndings(" ")}");
        }
    }

    async Task CancelAsync(InstanceId id)
    {
        var began = Stopwatch.GetTimestamp();
        await _node!.Client.SendAsync(id, new InstanceMessage.Terminate(null, true), null, CancellationToken.None);
        await _node.Client.WaitForCompletionAsync(id, CancellationToken.None);
        Say("terminal", $"{id} {began}");
    }

    async Task WaitAsync(InstanceId id)
    {
        var view = await _node!.Client.WaitForCompletionAsync(id, CancellationToken.None);
        Say("ended", $"{id} {view!.Status} {view.InDoubt} {view.Parked?.Replace(' ', '_') ?? "-"}");
    }

    async Task VerifyAsync()
    {
        var breaches = await _node!.Client.VerifyStoreAsync(CancellationToken.None);
        Say("verified", breaches.Count == 0 ? "-" : string.Join("; ", breaches));
    }

    void Say(string what, string of)
    {
        _out.WriteLine($"{what} {Stopwatch.GetTimestamp()} {of}");
        _out.Flush();
    }

    FencedLog NewLog() => new(this);

    /// <summary>Says when a commit met the fence, and everything from warnings on.</summary>
    sealed class FencedLog(ClusterChild child) : ILogger
    {
        const int Fenced = 1004;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                child.Say(eventId.Id == Fenced ? "fenced" : "log", formatter(state, exception).ReplaceLineEndings(" "));
            }
        }
    }

    sealed class RandomIds : IIdSource
    {
        public Guid NextGuid() => Guid.NewGuid();
    }
}
