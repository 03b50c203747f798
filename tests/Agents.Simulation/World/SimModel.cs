using System.Text.Json;
using System.Text.Json.Nodes;
using Agents.Contracts;
using Agents.Contracts.History;
using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;
using Agents.Contracts.Work;
using Agents.Loop.View;
using Agents.Simulation.Scheduling;

namespace Agents.Simulation.World;

/// <summary>The model: what it says depends on what it reads, on the attempt and on the seed, so a retry differs.</summary>
sealed class SimModel(ulong seed, SimLane lane, SimClock clock, SimScheduler scheduler)
{
    const string Words = "now then what we see here is a list of things that were done and what is left to do ";

    public async Task<ActivityOutcome> CallAsync(ActivityWorkItem item, IActivityContext context, CancellationToken cancel)
    {
        var call = ModelCallInput.Parse(item.Input);
        var events = await ReadAsync(item, context, cancel);
        var digest = ModelView.Digest(events, call);
        var random = new SimRandom(SimRandom.Hash(seed, digest + item.AttemptToken));
        await Task.Delay(random.Between(TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(900)), clock, cancel);
        if (random.Chance(0.05))
        {
            return new ActivityOutcome.Failed(ModelFailure.Create(
                random.Chance(0.5) ? ModelErrorKind.Transient : ModelErrorKind.RateLimited, "simulated: busy",
                TimeSpan.FromSeconds(random.Below(4))));
        }

        var input = JsonSerializer.Deserialize(
            events.Select(e => e.Event).OfType<ExecutionStarted>().First().Input!, ContractsJson.Default.RunInput)!;
        var reply = Answer(input, call, random) with { PromptDigest = digest };
        await StreamAsync(reply, random, context, cancel);
        if (random.Chance(0.04))
        {
            // A host that finds out late that it cannot do this one.
            return new ActivityOutcome.NotStarted();
        }

        return new ActivityOutcome.Completed(JsonSerializer.Serialize(reply, ContractsJson.Plain.ModelReply));
    }

    static async Task<List<SequencedEvent>> ReadAsync(ActivityWorkItem item, IActivityContext context, CancellationToken cancel)
    {
        var events = new List<SequencedEvent>();
        while (true)
        {
            var page = await context.History.ReadAsync(item.InstanceId, item.Generation, events.Count, 500, cancel);
            events.AddRange(page);
            if (page.Count == 0 || events[^1].Sequence >= item.ScheduledSequence)
            {
                return events;
            }
        }
    }

    static ModelReply Answer(RunInput input, ModelCallInput call, SimRandom random)
    {
        var steps = int.Parse(input.Goal.Split('=')[1], System.Globalization.CultureInfo.InvariantCulture);
        var usage = new TokenUsage(InMiss: 100 + random.Below(50), Out: 20 + random.Below(20));
        if (call.Step >= steps)
        {
            return new ModelReply { Content = Text("answer:", random), Finish = FinishReason.Stop, Usage = usage, Model = "sim" };
        }

        var calls = new List<ToolCall>();
        for (var i = 0; i < random.Between(1, 4); i++)
        {
            var name = random.Chance(0.04) ? "nothing_like_it" : random.Pick(input.Tools).Name;
            var arguments = random.Chance(0.03)
                ? "{\"x\":"
                : new JsonObject { ["x"] = random.Below(1000), ["s"] = random.Chance(0.2) ? Text("long", random) : "" }.ToJsonString();
            calls.Add(new ToolCall(i, $"call_{i}", name, arguments));
        }

        return new ModelReply
        {
            Reasoning = Text("because", random), Content = random.Chance(0.5) ? Text("so", random) : null,
            ToolCalls = calls, Finish = FinishReason.ToolCalls, Usage = usage, Model = "sim",
        };
    }

    static string Text(string head, SimRandom random)
    {
        var from = random.Below(40);
        return $"{head} {Words[from..(from + random.Between(5, 40))]}{(random.Chance(0.2) ? Words + random.Next() : "")}";
    }

    /// <summary>Speaks piece by piece; now and then it thinks better of it and begins anew.</summary>
    async Task StreamAsync(ModelReply reply, SimRandom random, IActivityContext context, CancellationToken cancel)
    {
        if (random.Chance(0.1))
        {
            context.Publish(new StreamDelta("reasoning", "no, not this", 4));
            await PauseAsync(random, cancel);
            context.Publish(new StreamDelta("retract", ""));
        }

        foreach (var (kind, text) in new[] { ("reasoning", reply.Reasoning), ("content", reply.Content) })
        {
            for (var at = 0; at < (text?.Length ?? 0);)
            {
                var length = Math.Min(text!.Length - at, random.Between(3, 20));
                context.Publish(new StreamDelta(kind, text.Substring(at, length), random.Between(1, 8)));
                at += length;
                await PauseAsync(random, cancel);
            }
        }

        scheduler.Trace.Mix(lane.Number);
    }

    Task PauseAsync(SimRandom random, CancellationToken cancel) =>
        Task.Delay(random.Between(TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(60)), clock, cancel);
}
