using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Agents.Contracts;
using Agents.Contracts.History;
using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;
using Agents.Contracts.Work;
using Agents.Loop;
using Agents.Loop.View;
using Agents.Tests.Loop;
using Agents.Worker.Transcripts;
using Xunit;
using static Agents.Tests.Worker.ModelHandler;

namespace Agents.Tests.Worker;

public sealed class TranscriptTests
{
    static readonly RunInput s_input = LoopScript.Input(
        LoopScript.Spec("read", parallel: true), LoopScript.Spec("send", Contracts.Effects.EffectClass.AtMostOnce)) with
    {
        System = "You count.",
        Context = new ContextPolicy { TriggerTokens = 12_000, ClearAtLeast = 4_000, KeepLast = 3 },
        Limits = new RunLimits { Steps = 400 },
    };

    static readonly RunInput s_discarding = s_input with { Context = new ContextPolicy { Kind = "discard_all", TriggerSteps = 6, KeepLast = 2 } };

    static async Task<WorkerRig> LongRun(int steps, long bytesMax = 96 << 20, Action<WorkerRig>? before = null, RunInput? input = null)
    {
        var rig = new WorkerRig(
            n => n < steps
                ? Calls($"step {n}", ("read", $$"""{"n": {{n}}}"""), n % 7 == 0 ? ("none", "{}") : ("read", $$"""{"m":{{n}}}"""), ("send", "{}"))
                : Answer("done"),
            request => WorkerRig.Replied($"{request.Call.Arguments} {new string('y', 400 + request.Call.Arguments.Length)}"),
            bytesMax);
        rig.Handler.Rewrite = body => body.Replace(
            TestKit.Models.Chunks.Usage(100, 20), "{}", StringComparison.Ordinal);
        rig.Before = item =>
        {
            before?.Invoke(rig);
            if (item.Name == AgentRun.RunTool && rig.ToolRequests.Count % 50 == 49)
            {
                rig.Engine.Raise(RunEvents.Steer, RunEvents.SteerPayload($"note {rig.ToolRequests.Count}"));
            }
        };
        await rig.Engine.RunAsync(input ?? s_input);
        return rig;
    }

    [Fact]
    public async Task The_view_at_step_300_equals_one_rebuilt_naively_from_the_history()
    {
        var rig = await LongRun(300);
        var calls = rig.Engine.Scheduled(AgentRun.CallModel).ToArray();

        Assert.Equal(301, calls.Length);
        Assert.Contains(calls, c => ModelCallInput.Parse(c.Input).Hidden.Count > 0);
        foreach (var step in new[] { 1, 50, 300 })
        {
            Assert.Equal(Naive(rig.Engine, calls[..step]), rig.Messages(step - 1));
        }
    }

    [Fact]
    public async Task A_cut_view_equals_one_rebuilt_naively_from_the_history()
    {
        var rig = await LongRun(120, input: s_discarding);
        var calls = rig.Engine.Scheduled(AgentRun.CallModel).ToArray();

        Assert.InRange(calls.Count(c => ModelCallInput.Parse(c.Input).Cut is not null), 20, 30);
        Assert.Contains(calls, c => ModelCallInput.Parse(c.Input).Cut is { Keep.Count: > 0 });
        for (var step = 1; step <= calls.Length; step++)
        {
            Assert.Equal(NaiveCut(rig.Engine, calls[..step]), rig.Messages(step - 1));
        }
    }

    /// <summary>What the run began with, a note, what people said, and the last steps.</summary>
    static string[] NaiveCut(FakeEngine engine, TaskScheduled[] calls)
    {
        var items = new List<string[]>();
        var places = new List<bool>();
        foreach (var call in calls.Select(c => ModelCallInput.Parse(c.Input)))
        {
            if (call.Cut is { } cut)
            {
                // A cut may reach into what its own call appends.
                places.AddRange(Enumerable.Repeat(true, Math.Max(0, cut.Before - places.Count)));
                for (var i = 1; i < cut.Before; i++)
                {
                    places[i] = cut.Keep.Contains(i) || (places[i] && calls.Select(c => ModelCallInput.Parse(c.Input).Cut).Any(c => c?.Keep.Contains(i) == true));
                }
            }

            items.AddRange(call.Appended.Select(item => Naive(engine, item, [])));
            places.AddRange(Enumerable.Repeat(true, items.Count - places.Count));
        }

        var shown = items.Where((_, i) => places[i]).ToList();
        if (places.Contains(false))
        {
            shown.Insert(1, [User("Earlier steps are no longer shown. What they did is done; go on from the steps below.").ToJsonString()]);
        }

        return [.. shown.SelectMany(m => m)];
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_cold_reader_renders_the_same_bytes_and_digests_as_the_hot_one(bool discards)
    {
        var rig = await LongRun(60, input: discards ? s_discarding : s_input);
        foreach (var (item, outcome) in rig.Ran.Where(r => r.Item.Name == AgentRun.CallModel))
        {
            var context = new FakeActivityContext(rig.Engine);
            var cold = new RunTranscript(item.InstanceId, item.ExecutionId);
            var view = await cold.ViewAsync(item, context, TestContext.Current.CancellationToken);
            var reply = JsonSerializer.Deserialize(
                ((ActivityOutcome.Completed)outcome).Result!, ContractsJson.Default.ModelReply)!;

            Assert.Equal(reply.PromptDigest, view.Digest);
            var messages = string.Join(",", view.Messages.Select(m => Encoding.UTF8.GetString(m.Span)));
            Assert.Contains($"\"messages\":[{messages}]", rig.Handler.Bodies[ModelCallInput.Parse(item.Input).Step - 1], StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Too_little_room_and_eviction_at_every_activity_change_nothing_but_the_reads(bool discards)
    {
        var input = discards ? s_discarding : s_input;
        var roomy = await LongRun(40, input: input);
        var cramped = await LongRun(40, bytesMax: 1, before: rig => rig.Engine.Evict(), input: input);

        Assert.Equal(0, roomy.Reads);
        Assert.True(cramped.Reads > 0);
        Assert.Equal(roomy.Handler.Bodies, cramped.Handler.Bodies);
    }

    [Fact]
    public async Task Digests_of_a_stored_run_are_verified_and_a_changed_event_is_named()
    {
        var rig = await LongRun(12);
        Assert.Empty(PromptDigests.Verify(rig.Engine.History, out var checkedCalls));
        Assert.Equal(13, checkedCalls);

        var place = rig.Engine.History.First(e => e.Event is TaskCompleted { Result: { } r } && r.Contains("yyyy", StringComparison.Ordinal));
        var changed = rig.Engine.History.ToArray();
        var result = (TaskCompleted)place.Event;
        changed[place.Sequence] = place with { Event = result with { Result = result.Result!.Replace("yyyy", "zzzz", StringComparison.Ordinal) } };

        var mismatches = PromptDigests.Verify(changed, out _);
        Assert.Equal(12, mismatches.Count);
        Assert.Equal(2, mismatches[0].Step);
    }

    [Fact]
    public async Task Memory_of_a_conversation_is_counted_and_given_back_with_its_session()
    {
        var rig = await LongRun(20);
        Assert.True(rig.Worker.TranscriptBytes > 20 * 3 * 400);
        rig.Engine.Evict();
        Assert.Equal(0, rig.Worker.TranscriptBytes);
    }

    [Fact]
    public async Task An_activity_that_names_what_history_does_not_hold_fails_by_name()
    {
        var rig = await LongRun(2);
        var item = rig.Ran[0].Item with { Input = """{"v":1,"n":1,"a":[9999]}""", TaskId = 77 };
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => rig.Worker.Activities.RunAsync(
            item, new FakeActivityContext(rig.Engine), TestContext.Current.CancellationToken));
        Assert.Contains("AG3004", error.Message);

        var unreadable = await rig.Worker.Activities.RunAsync(
            item with { Input = "{}" }, new FakeActivityContext(rig.Engine), TestContext.Current.CancellationToken);
        Assert.StartsWith("AG3005", Assert.IsType<ActivityOutcome.Failed>(unreadable).Failure.ErrorMessage);
    }

    /// <summary>The conversation rebuilt the slow way: no cache, no fold, JSON nodes instead of rendered bytes.</summary>
    static string[] Naive(FakeEngine engine, TaskScheduled[] calls)
    {
        var hidden = calls.SelectMany(c => ModelCallInput.Parse(c.Input).Hidden).ToHashSet();
        return [.. calls.SelectMany(c => ModelCallInput.Parse(c.Input).Appended).SelectMany(item => Naive(engine, item, hidden))];
    }

    static string[] Naive(FakeEngine engine, ViewItem item, HashSet<long> hidden)
    {
        IEnumerable<JsonObject> messages = item switch
        {
            ViewItem.UserNote note => [User(note.Text)],
            ViewItem.ToolNote note => [Tool(CallAt(engine, note.Message, note.Call), note.Text)],
            ViewItem.Stored stored => Stored(engine, stored.Sequence, hidden.Contains(stored.Sequence)),
            _ => throw new InvalidOperationException(),
        };
        return [.. messages.Select(m => m.ToJsonString())];
    }

    static IEnumerable<JsonObject> Stored(FakeEngine engine, long sequence, bool hidden)
    {
        switch (engine.History[(int)sequence].Event)
        {
            case ExecutionStarted:
                return [new JsonObject { ["role"] = "system", ["content"] = s_input.System }, User(s_input.Goal)];
            case EventRaised raised:
                return [User(RunEvents.SteerText(raised.Input)!)];
            case TaskCompleted done:
                var task = engine.History.Select(e => e.Event).OfType<TaskScheduled>().Single(t => t.EventId == done.TaskScheduledId);
                return [task.Name == AgentRun.CallModel ? Assistant(done.Result!) : Result(engine, task, done.Result!, hidden)];
            default:
                throw new InvalidOperationException();
        }
    }

    static JsonObject User(string text) => new() { ["role"] = "user", ["content"] = text };

    static JsonObject Tool(JsonNode call, string content) => new()
    {
        ["role"] = "tool",
        ["tool_call_id"] = (string)call["id"]!,
        ["name"] = (string)call["name"]!,
        ["content"] = content,
    };

    static JsonNode CallAt(FakeEngine engine, long message, int call) =>
        JsonNode.Parse(((TaskCompleted)engine.History[(int)message].Event).Result!)!["toolCalls"]![call]!;

    static JsonObject Result(FakeEngine engine, TaskScheduled task, string result, bool hidden)
    {
        var place = JsonNode.Parse(task.Input!)!;
        var call = CallAt(engine, (long)place["m"]!, (int)place["i"]!);
        var content = (string)JsonNode.Parse(result)!["content"]!;
        var advice = (string)call["name"]! == "read"
            ? "Call the tool again if you need it."
            : "The call was carried out; do not repeat it to see its result.";
        return Tool(call, hidden
            ? $"[Result of {(string)call["name"]!} hidden to save space ({content.Length} bytes). {advice}]"
            : content);
    }

    static JsonObject Assistant(string reply)
    {
        var node = JsonNode.Parse(reply)!;
        var calls = node["toolCalls"]!.AsArray().Select(c => (JsonNode)new JsonObject
        {
            ["id"] = (string)c!["id"]!,
            ["type"] = "function",
            ["function"] = new JsonObject { ["name"] = (string)c["name"]!, ["arguments"] = (string)c["arguments"]! },
        });
        return new JsonObject
        {
            ["role"] = "assistant",
            ["content"] = (string?)node["content"] ?? "",
            ["reasoning_content"] = (string)node["reasoning"]!,
            ["reasoning"] = (string)node["reasoning"]!,
            ["tool_calls"] = new JsonArray([.. calls]),
        };
    }
}
