using System.Text.Json;
using Agents.Contracts;
using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Transcript;
using Agents.Contracts.Work;
using Agents.Loop;
using Agents.Loop.Calls;
using Agents.Simulation.Checks;
using Agents.Simulation.Scheduling;

namespace Agents.Simulation.World;

/// <summary>The activities of one process: the model, the tools of a run, and the plain ones of the small orchestrators.</summary>
sealed class SimActivities(
    SimWorld world, SimModel model, SimLane lane, SimClock clock, SimRandom random, Observer observer) : IActivityHost
{
    public const string Echo = "Echo";
    public const string Flaky = "Flaky";
    public const string Act = "Act";

    public bool CanRun(string name, string? version) =>
        name is AgentRun.CallModel or AgentRun.RunTool or Echo or Flaky or Act;

    public async Task<ActivityOutcome> RunAsync(ActivityWorkItem item, IActivityContext context, CancellationToken cancel)
    {
        observer.ActivityStarted(lane, item);
        return item.Name switch
        {
            AgentRun.CallModel => await model.CallAsync(item, context, cancel),
            AgentRun.RunTool => await RunToolAsync(item, context, cancel),
            Act => await EffectAsync(item, SimWorld.Tool(item.Effect!.Tool), item.Input ?? "", context, Plain, cancel),
            Flaky => await FlakyAsync(item, cancel),
            _ => await EchoAsync(item, cancel),
        };
    }

    async Task<ActivityOutcome> EchoAsync(ActivityWorkItem item, CancellationToken cancel)
    {
        await Task.Delay(Work(), clock, cancel);
        return new ActivityOutcome.Completed(item.Input);
    }

    /// <summary>Fails now and then; an input that begins with "broken" fails until somebody mends it.</summary>
    async Task<ActivityOutcome> FlakyAsync(ActivityWorkItem item, CancellationToken cancel)
    {
        await Task.Delay(Work(), clock, cancel);
        var input = item.Input!.Trim('"');
        var broken = input.StartsWith("broken", StringComparison.Ordinal) && world.IsBroken(input);
        return broken || random.Chance(0.2)
            ? new ActivityOutcome.Failed(new FailureDetails("Flaky", $"simulated: {input}", IsNonRetriable: broken))
            : new ActivityOutcome.Completed(item.Input);
    }

    async Task<ActivityOutcome> RunToolAsync(ActivityWorkItem item, IActivityContext context, CancellationToken cancel)
    {
        var place = ToolCallInput.Parse(item.Input);
        var found = await context.History.ReadAsync(item.InstanceId, item.Generation, place.Message, 1, cancel);
        var reply = JsonSerializer.Deserialize(((TaskCompleted)found[0].Event).Result!, ContractsJson.Default.ModelReply)!;
        var call = reply.ToolCalls[place.Call];
        var tool = SimWorld.Tool(call.Name);
        if (tool.Class == EffectClass.ReadOnly)
        {
            await Task.Delay(Work(), clock, cancel);
            return new ActivityOutcome.Completed(ToolReplyOf("seen " + call.Arguments));
        }

        return await EffectAsync(item, tool, call.Arguments, context, ToolReplyOf, cancel);
    }

    async Task<ActivityOutcome> EffectAsync(
        ActivityWorkItem item, SimTool tool, string bytes, IActivityContext context, Func<string, string> shape,
        CancellationToken cancel)
    {
        var key = item.Effect!.Key;
        if (item.Mode == ActivityMode.Reconcile)
        {
            return await ProbeAsync(item, tool, key, shape);
        }

        world.Begin(lane, key);
        try
        {
            await Task.Delay(Work(), clock, cancel);
            if (random.Chance(0.03))
            {
                return new ActivityOutcome.Failed(new FailureDetails("Refused", "simulated: the tool refused the call"));
            }

            if (tool.Class == EffectClass.AtMostOnce && !context.MayAct())
            {
                return new ActivityOutcome.NotStarted();
            }

            observer.Acting(lane, item);

            // Here, between the last check and the effect, the process may stop for any time.
            await Task.Yield();
            if (!tool.IsRemote)
            {
                await Task.Delay(Work() / 4, clock);
            }

            var happened = tool.IsRemote
                ? await world.SendAsync(tool, key, bytes, item.AttemptToken)
                : world.Arrive(tool, key, bytes, item.AttemptToken);
            if (random.Chance(0.03))
            {
                throw new IOException("simulated: the connection broke after the call");
            }

            return happened
                ? new ActivityOutcome.Completed(shape(SimWorld.ResultOf(key)))
                : new ActivityOutcome.InDoubt("simulated: the world refused a fenced attempt");
        }
        finally
        {
            world.End(lane, key);
        }
    }

    /// <summary>"Absent" counts only if the probe fences, or the effect dies with its process and that is proven gone.</summary>
    async Task<ActivityOutcome> ProbeAsync(ActivityWorkItem item, SimTool tool, string key, Func<string, string> shape)
    {
        if (!tool.Probes)
        {
            return new ActivityOutcome.InDoubt("the tool cannot be asked");
        }

        if (await world.ProbeAsync(tool, key, item.AttemptToken))
        {
            return new ActivityOutcome.Completed(shape(SimWorld.ResultOf(key)), "probe");
        }

        return BelievesAbsent(item, tool)
            ? new ActivityOutcome.Absent(tool.Fences ? "fenced" : "its process is gone")
            : new ActivityOutcome.InDoubt("absent so far, but the earlier attempt may still act");
    }

    public Func<ActivityWorkItem, SimTool, bool> BelievesAbsent { get; init; } =
        static (item, tool) => tool.Fences || (item.PredecessorGone && !tool.IsRemote);

    TimeSpan Work() => random.Chance(0.05)
        ? random.Between(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(12))
        : random.Between(TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(400));

    static string Plain(string text) => JsonSerializer.Serialize(text, ContractsJson.Plain.String);

    public static string ToolReplyOf(string text) =>
        JsonSerializer.Serialize(new ToolReply { Content = text }, ContractsJson.Plain.ToolReply);
}
