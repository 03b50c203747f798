using System.Text.Json.Nodes;
using Agents.Contracts.Effects;
using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;
using Agents.Contracts.Work;
using Agents.Loop;
using Agents.TestKit.Models;
using Agents.Tests.Loop;
using Xunit;
using static Agents.Tests.Worker.ModelHandler;

namespace Agents.Tests.Worker;

public sealed class CallModelTests
{
    const string Odd = """{ "path" : "a\/b", "é": "\u00e9 \"q\"",  "n":1.0 }""";

    static RunInput Input(params ToolSpec[] tools) => LoopScript.Input(tools) with { System = "You count." };

    [Fact]
    public async Task Arguments_go_back_byte_for_byte_and_reasoning_under_both_names()
    {
        var rig = new WorkerRig(n => n == 0 ? Calls("look at a/b first", ("read", Odd)) : Answer("ok"));
        var output = await rig.Engine.RunAsync(Input(LoopScript.Spec("read")));

        Assert.Equal(StopReasons.Answer, output.StopReason);
        var assistant = JsonNode.Parse(rig.Messages(1)[2])!;
        Assert.Equal(Odd, (string?)assistant["tool_calls"]![0]!["function"]!["arguments"]);
        Assert.Equal("look at a/b first", (string?)assistant["reasoning_content"]);
        Assert.Equal("look at a/b first", (string?)assistant["reasoning"]);
        Assert.Equal(Odd, Assert.Single(rig.ToolRequests).Call.Arguments);
        var tool = JsonNode.Parse(rig.Messages(1)[3])!;
        Assert.Equal(("tool", "functions.read:0", "done"),
            ((string?)tool["role"], (string?)tool["tool_call_id"], (string?)tool["content"]));
    }

    [Fact]
    public async Task A_hot_run_never_reads_its_history()
    {
        var rig = new WorkerRig(n => n < 20 ? Calls("r", ("read", "{}")) : Answer("ok"));
        await rig.Engine.RunAsync(Input(LoopScript.Spec("read")));

        Assert.Equal(0, rig.Reads);
    }

    [Fact]
    public async Task Each_request_begins_with_the_bytes_of_the_one_before()
    {
        var rig = new WorkerRig(n => n < 8 ? Calls("r", ("read", "{}")) : Answer("ok"));
        await rig.Engine.RunAsync(Input(LoopScript.Spec("read")));

        for (var n = 1; n < rig.Handler.Bodies.Count; n++)
        {
            var before = rig.Handler.Bodies[n - 1];
            var end = before.LastIndexOf("],\"max_tokens\"", StringComparison.Ordinal);
            Assert.True(end > 0);
            Assert.StartsWith(before[..end], rig.Handler.Bodies[n], StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Text_is_streamed_as_it_comes_and_equals_what_is_stored()
    {
        var rig = new WorkerRig(_ => Events(
            Chunks.Delta("""{"reasoning_content":"think "}"""),
            Chunks.Delta("""{"reasoning_content":"hard"}"""),
            Chunks.Delta("""{"content":"fo"}"""),
            Chunks.Delta("""{"content":"ur"}"""),
            Chunks.Finish("stop"),
            Chunks.Usage(100, 10)));
        await rig.Engine.RunAsync(Input());

        var published = rig.ContextOf(rig.Ran[0].Item.TaskId).Published;
        Assert.Equal("think hard", string.Concat(published.Where(d => d.Kind == "reasoning").Select(d => d.Text)));
        Assert.Equal("four", string.Concat(published.Where(d => d.Kind == "content").Select(d => d.Text)));
        Assert.DoesNotContain(published, d => d.Kind == "retract");
    }

    [Theory]
    [InlineData(ReasoningPolicy.Redact, true)]
    [InlineData(ReasoningPolicy.Drop, false)]
    public async Task Reasoning_is_kept_from_readers_and_dropped_where_the_run_says_so(ReasoningPolicy policy, bool stored)
    {
        var rig = new WorkerRig(n => n == 0 ? Calls("secret", ("read", "{}")) : Answer("ok"));
        await rig.Engine.RunAsync(Input(LoopScript.Spec("read")) with { Reasoning = policy });

        Assert.DoesNotContain(rig.Ran, r => rig.ContextOf(r.Item.TaskId).Published.Exists(d => d.Kind == "reasoning"));
        Assert.Equal(stored, rig.Messages(1)[2].Contains("secret", StringComparison.Ordinal));
        Assert.Equal(stored, ((ActivityOutcome.Completed)rig.Ran[0].Outcome).Result!.Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_broken_stream_fails_the_attempt_takes_back_its_text_and_is_tried_again()
    {
        var rig = new WorkerRig(n => n == 0
            ? $"data: {Chunks.Delta("""{"content":"half an ans"}""")}\n\n"
            : Answer("whole"));
        var output = await rig.Engine.RunAsync(Input());

        Assert.Equal("whole", output.Answer);
        var failed = Assert.IsType<ActivityOutcome.Failed>(rig.Ran[0].Outcome);
        Assert.Equal(ModelErrorKind.Transient, ModelFailure.KindOf(failed.Failure));
        Assert.Equal("retract", rig.ContextOf(rig.Ran[0].Item.TaskId).Published[^1].Kind);
        Assert.Equal(rig.Handler.Bodies[0], rig.Handler.Bodies[1]);
    }

    [Fact]
    public async Task A_call_has_the_price_in_force()
    {
        var rig = new WorkerRig(_ => Answer("ok"));
        var input = Input();
        var output = await rig.Engine.RunAsync(input with
        {
            Model = input.Model with { Prices = [new ModelPrice(new DateOnly(2025, 1, 1), 1m, null, null, 10m)] },
        });

        Assert.Equal(0.0002m, output.CostUsd);
    }

    [Fact]
    public async Task A_schema_goes_as_response_format_without_tools_and_in_words_beside_them()
    {
        var schema = LoopScript.Json("""{"type":"object","required":["total"]}""");
        var alone = new WorkerRig(_ => Answer("""{"total":1}"""));
        await alone.Engine.RunAsync(Input() with { OutputSchema = schema });
        Assert.NotNull(JsonNode.Parse(alone.Handler.Bodies[0])!["response_format"]);
        Assert.DoesNotContain("schema", alone.Messages(0)[0], StringComparison.Ordinal);

        var beside = new WorkerRig(_ => Answer("""{"total":1}"""));
        await beside.Engine.RunAsync(Input(LoopScript.Spec("read")) with { OutputSchema = schema });
        Assert.Null(JsonNode.Parse(beside.Handler.Bodies[0])!["response_format"]);
        Assert.Contains("required", (string?)JsonNode.Parse(beside.Messages(0)[0])!["content"]);
    }

    [Fact]
    public async Task Notes_steering_and_hidden_results_are_what_the_model_reads()
    {
        var big = new string('x', 30_000);
        var rig = new WorkerRig(
            n => n switch
            {
                0 => Calls("r", ("read", "{}"), ("nothing", "{}")),
                < 4 => Calls("r", ("send", "{}")),
                _ => Answer("ok"),
            },
            request => WorkerRig.Replied(big));
        rig.Before = item =>
        {
            if (item.Name == AgentRun.CallModel && rig.Handler.Bodies.Count == 0)
            {
                rig.Engine.Raise(RunEvents.Steer, RunEvents.SteerPayload("be brief"));
            }
        };
        var input = Input(LoopScript.Spec("read"), LoopScript.Spec("send", EffectClass.AtMostOnce)) with
        {
            Context = new ContextPolicy { TriggerTokens = 15_000, ClearAtLeast = 10_000, KeepLast = 1 },
        };
        // The scripted usage of 100 tokens would hide nothing; without usage the loop goes by its own estimate.
        rig.Handler.Rewrite = body => body.Replace(Chunks.Usage(100, 20), "{}", StringComparison.Ordinal);
        await rig.Engine.RunAsync(input);

        var second = rig.Messages(1);
        Assert.Equal(
            ["system", "user", "assistant", "tool", "tool", "user"],
            second.Select(m => (string)JsonNode.Parse(m)!["role"]!));
        Assert.Contains("There is no tool named", second[4], StringComparison.Ordinal);
        Assert.Contains("be brief", second[5], StringComparison.Ordinal);

        var last = rig.Messages(4).Select(m => JsonNode.Parse(m)!).Where(m => (string?)m["role"] == "tool").ToArray();
        Assert.Equal("[Result of read hidden to save space (30000 bytes). Call the tool again if you need it.]", (string?)last[0]["content"]);
        Assert.Equal(
            "[Result of send hidden to save space (30000 bytes). The call was carried out; do not repeat it to see its result.]",
            (string?)last[2]["content"]);
        Assert.Equal(big, (string?)last[^1]["content"]);
    }
}
