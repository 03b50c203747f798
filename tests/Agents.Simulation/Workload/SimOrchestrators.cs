using System.Globalization;
using System.Text.Json;
using Agents.Contracts.Effects;
using Agents.Loop;
using Agents.Loop.Calls;
using Agents.Replay;
using Agents.Simulation.World;

namespace Agents.Simulation.Workload;

/// <summary>Input of the small orchestrators; each reads what it needs.</summary>
sealed record Plan
{
    public int Count { get; init; }

    /// <summary>What was gathered by earlier generations.</summary>
    public List<string> Got { get; init; } = [];

    /// <summary>An instance of another run.</summary>
    public string? Other { get; init; }

    /// <summary>Breaks at its end until somebody mends it.</summary>
    public string? Broken { get; init; }

    public int Generation { get; init; }
}

/// <summary>Orchestrators that use one part of the vocabulary each, and whose right answer is known beforehand.</summary>
static class SimOrchestrators
{
    public const string Collect = "Collect";
    public const string FanOut = "FanOut";
    public const string Family = "Family";
    public const string Effects = "Effects";
    public const string Timers = "Timers";
    public const string Send = "Send";
    public const string Item = "item";

    static readonly RetryPolicy s_retry = new(12, TimeSpan.FromMilliseconds(300))
    {
        BackoffCoefficient = 1.5,
        HandleFailure = f => !f.IsNonRetriable,
    };

    public static IReadOnlyList<OrchestratorRegistration> All { get; } =
    [
        AgentRun.Registration,
        new(Collect, null, CollectAsync),
        new(FanOut, null, FanOutAsync),
        new(Family, null, FamilyAsync),
        new(Effects, null, EffectsAsync),
        new(Timers, null, TimersAsync),
        new(Send, null, SendAsync),
    ];

    static readonly TaskOptions s_echo = new() { Tags = new Dictionary<string, string> { ["queue"] = SimQueues.Echo } };

    static string Json(object value) => JsonSerializer.Serialize(value);

    /// <summary>Takes items until it has enough, a few per generation; its answer is all of them in order.</summary>
    static async Task<string?> CollectAsync(OrchestrationContext context)
    {
        var plan = context.GetInput<Plan>()!;
        for (var i = 0; i < 2 && plan.Got.Count < plan.Count; i++)
        {
            plan.Got.Add((await context.WaitForExternalEventRaw(Item)).Input!);
        }

        if (plan.Got.Count < plan.Count)
        {
            context.ContinueAsNew(plan with { Generation = plan.Generation + 1 });
            return null;
        }

        return Json(plan.Got);
    }

    /// <summary>Many activities and timers at once; answers with the sum of what came back.</summary>
    static async Task<string?> FanOutAsync(OrchestrationContext context)
    {
        var plan = context.GetInput<Plan>()!;
        var calls = Enumerable.Range(1, plan.Count)
            .Select(i => context.CallActivityAsync<int>(SimActivities.Echo, i, s_echo)).ToList();
        var timers = Enumerable.Range(1, plan.Count)
            .Select(i => context.CreateTimer(TimeSpan.FromMilliseconds(200 * i))).ToList();
        await Task.WhenAll(timers);
        var sum = (await Task.WhenAll(calls)).Sum();
        context.SetCustomStatus(sum);
        return sum.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Children by default id, by a taken id, and twice by the same id.</summary>
    static async Task<string?> FamilyAsync(OrchestrationContext context)
    {
        var plan = context.GetInput<Plan>()!;
        var answers = new List<string>();
        var child = new Plan { Count = 2 };
        var first = context.CallSubOrchestratorAsync<int>(FanOut, child);
        var second = context.CallSubOrchestratorRawAsync(
            Effects, Json(new Plan { Count = 1 }), new SubOrchestrationOptions { InstanceId = context.RunIdentity + "-child" });
        answers.Add((await first).ToString(CultureInfo.InvariantCulture));
        answers.Add(JsonSerializer.Deserialize<List<string>>((await second)!)!.Count.ToString(CultureInfo.InvariantCulture));
        var again = await context.CallSubOrchestratorRawAsync(
            Effects, Json(new Plan { Count = 1 }), new SubOrchestrationOptions { InstanceId = context.RunIdentity + "-child" });
        answers.Add(JsonSerializer.Deserialize<List<string>>(again!)!.Count.ToString(CultureInfo.InvariantCulture));
        try
        {
            await context.CallSubOrchestratorRawAsync(
                FanOut, Json(child), new SubOrchestrationOptions { InstanceId = plan.Other });
            answers.Add("none");
        }
        catch (TaskFailedException e)
        {
            answers.Add(e.Failure.ErrorType);
        }

        return Json(answers);
    }

    /// <summary>Effects one after another and two at a time, an unsteady activity between, a failure at the end if planned.</summary>
    static async Task<string?> EffectsAsync(OrchestrationContext context)
    {
        var plan = context.GetInput<Plan>()!;
        var done = plan.Got;
        for (var i = 0; i < plan.Count; i++)
        {
            var step = (plan.Generation * 100) + i;
            var one = ActAsync(context, step, 0);
            var two = i % 2 == 0 ? ActAsync(context, step, 1) : Task.FromResult("skipped");
            done.Add(await one);
            await two;
            await context.CallActivityAsync(SimActivities.Flaky, $"flaky {step}", new TaskOptions { Retry = s_retry });
        }

        if (plan.Broken is { } broken)
        {
            await context.CallActivityAsync(SimActivities.Flaky, broken, new TaskOptions { Retry = s_retry });
            done.Add(await ActAsync(context, 99, 0));
        }

        if (plan.Generation == 0 && plan.Count > 2)
        {
            context.ContinueAsNew(plan with { Generation = 1, Count = 1, Broken = null });
        }

        return Json(done);
    }

    static async Task<string> ActAsync(OrchestrationContext context, int step, int index)
    {
        // The tool follows from the place, so that every replay asks for the same one.
        var tools = SimWorld.Tools.Where(t => t.Class != EffectClass.ReadOnly).ToList();
        var hash = context.RunIdentity.Sum(c => c) + step + (index * 3);
        var tool = tools[hash % tools.Count];
        var input = Json($"{context.RunIdentity} does {tool.Name} {step}.{index}");
        var key = IdempotencyKey.For(context.RunIdentity, step, index, tool.Name, input);
        try
        {
            var result = await context.CallActivityRawAsync(SimActivities.Act, input, new TaskOptions
            {
                Effect = new EffectIntent(tool.Class, key, tool.Name),
                Tags = new Dictionary<string, string> { ["queue"] = $"{SimQueues.Act}/{tool.Name}" },
                Retry = tool.Class == EffectClass.Idempotent ? s_retry : null,
            });
            return result.Value ?? "";
        }
        catch (TaskFailedException e)
        {
            return "failed: " + e.Failure.ErrorType;
        }
    }

    /// <summary>Waits with a limit, then waits out timers of which some are cancelled.</summary>
    static async Task<string?> TimersAsync(OrchestrationContext context)
    {
        var plan = context.GetInput<Plan>()!;
        var fired = 0;
        for (var i = 0; i < plan.Count; i++)
        {
            using var cancel = new CancellationTokenSource();
            var soon = context.CreateTimer(TimeSpan.FromMilliseconds(300 + (100 * i)));
            var late = context.CreateTimer(TimeSpan.FromMinutes(5), cancel.Token);
            if (await Task.WhenAny(soon, late) == soon)
            {
                fired++;
                cancel.Cancel();
            }
        }

        return fired.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Sends items to another instance.</summary>
    static async Task<string?> SendAsync(OrchestrationContext context)
    {
        var plan = context.GetInput<Plan>()!;
        for (var i = 0; i < plan.Count; i++)
        {
            context.SendEvent(plan.Other!, Item, $"{context.InstanceId}:{i}");
            await context.CreateTimer(TimeSpan.FromMilliseconds(150));
        }

        return "sent";
    }
}
