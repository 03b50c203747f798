using Agents.Contracts.Effects;
using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;
using Agents.Loop;
using Agents.Loop.Calls;
using Agents.Loop.View;
using Xunit;
using static Agents.Tests.Loop.LoopScript;

namespace Agents.Tests.Loop;

public sealed class ToolCallTests
{
    static ToolCall[] Calls(int count, string tool = "read") =>
        [.. Enumerable.Range(0, count).Select(i => Call(tool, $$"""{"n":{{i}}}""", i))];

    static long[] Stored(ModelCallInput call) => [.. call.Appended.OfType<ViewItem.Stored>().Select(i => i.Sequence)];

    [Fact]
    public async Task Parallel_calls_run_together_within_the_bound()
    {
        var script = Of(Asks(Calls(10)), Says("ok"));
        var engine = new FakeEngine(script.Answer);
        await engine.RunAsync(Input(Spec("read", parallel: true)) with { Limits = new RunLimits { ParallelToolCalls = 4 } });

        Assert.Equal(4, engine.OpenMax);
        Assert.Equal(10, script.Tools.Count);
    }

    [Fact]
    public async Task Results_are_read_in_call_order_whatever_ended_first()
    {
        var script = Of(Asks(Calls(6)), Says("ok"));
        var engine = new FakeEngine(script.Answer) { Choose = open => open.Count - 1 };
        await engine.RunAsync(Input(Spec("read", parallel: true)));

        var sequences = Stored(script.Calls[1]);
        var indexes = sequences.Skip(1).Select(s =>
        {
            var done = Assert.IsType<Contracts.History.TaskCompleted>(engine.History[(int)s].Event);
            return ToolCallInput.Parse(engine.Scheduled(AgentRun.RunTool).Single(t => t.EventId == done.TaskScheduledId).Input).Call;
        });
        Assert.Equal([0, 1, 2, 3, 4, 5], indexes);
        Assert.NotEqual(sequences.Order(), sequences);
    }

    [Fact]
    public async Task Calls_that_are_not_parallel_run_alone_and_in_order()
    {
        ToolCall[] calls =
        [
            Call("read", index: 0), Call("read", index: 1), Call("write", index: 2), Call("write", index: 3), Call("read", index: 4),
        ];
        var script = Of(Asks(calls), Says("ok"));
        var engine = new FakeEngine(script.Answer) { Choose = open => open.Count - 1 };
        var beside = new List<int>();
        script.Before = item =>
        {
            if (item.Name == AgentRun.RunTool && ToolCallInput.Parse(item.Input).Call is 2 or 3)
            {
                beside.Add(engine.Open.Count);
            }
        };
        await engine.RunAsync(Input(Spec("read", parallel: true), Spec("write", EffectClass.AtMostOnce)));

        Assert.Equal([1, 1], beside);
        Assert.Equal([1, 0, 2, 3, 4], script.Tools.Select(t => ToolCallInput.Parse(t.Input).Call));
    }

    [Fact]
    public async Task A_malformed_call_is_answered_without_running_and_the_others_run()
    {
        var script = Of(Asks(Call("read"), Call("nothing", index: 1), Call("read", "[1]", 2), Call("read", "", 3)), Says("ok"));
        var output = await new FakeEngine(script.Answer).RunAsync(Input(Spec("read")));

        Assert.Equal(2, script.Tools.Count);
        Assert.Equal((4, 2), (output.ToolCalls, output.BadCalls));
        var notes = script.Calls[1].Appended.OfType<ViewItem.ToolNote>().ToArray();
        Assert.Equal([1, 2], notes.Select(n => n.Call));
        Assert.Equal("There is no tool named 'nothing'. The tools are: read.", notes[0].Text);
        Assert.Contains("not one JSON object", notes[1].Text);
    }

    [Fact]
    public async Task A_call_that_failed_its_schema_counts_as_malformed_and_goes_back_to_the_model()
    {
        var script = new LoopScript
        {
            Model = (_, _) => Asks(Call("read")),
            Tool = _ => Result("argument 'path' is missing", bad: true),
        };
        var output = await new FakeEngine(script.Answer).RunAsync(
            Input(Spec("read")) with { Limits = new RunLimits { BadCallsInARow = 3 } });

        Assert.Equal(StopReasons.BadCalls, output.StopReason);
        Assert.Equal(4, output.BadCalls);
        Assert.Equal(2, Stored(script.Calls[1]).Length);
        Assert.Contains("argument 'path' is missing", output.Detail);
    }

    [Theory]
    [InlineData(EffectClass.ReadOnly, true, 4)]
    [InlineData(EffectClass.Idempotent, true, 4)]
    [InlineData(EffectClass.Idempotent, false, 1)]
    [InlineData(EffectClass.AtMostOnce, true, 1)]
    public async Task A_broken_tool_is_tried_again_only_where_that_is_safe_and_then_told_to_the_model(
        EffectClass effect, bool retriable, int attempts)
    {
        var script = new LoopScript
        {
            Model = (n, _) => n == 0 ? Asks(Call("send")) : Says("ok"),
            Tool = _ => ToolFails("the disk is full", retriable),
        };
        var engine = new FakeEngine(script.Answer);
        var output = await engine.RunAsync(Input(Spec("send", effect)));

        Assert.Equal(attempts, script.Tools.Count);
        Assert.True(script.Tools.Select(t => t.Effect?.Key).Distinct().Count() == 1, "every attempt carries one key");
        Assert.Equal(StopReasons.Answer, output.StopReason);
        Assert.Equal(0, output.BadCalls);
        var note = Assert.Single(script.Calls[1].Appended.OfType<ViewItem.ToolNote>());
        Assert.Equal("The tool 'send' failed: the disk is full", note.Text);
    }

    [Fact]
    public async Task Effects_carry_their_class_and_key_and_reads_carry_none()
    {
        var script = Of(
            Asks(Call("read", """{ "p" : 1 }"""), Call("put", """{ "p" : 1 }""", 1), Call("send", """{ "p" : 1 }""", 2)),
            Asks(Call("put", """{ "p" : 1 }""")),
            Says("ok"));
        await new FakeEngine(script.Answer, "run-9").RunAsync(Input(
            Spec("read"), Spec("put", EffectClass.Idempotent), Spec("send", EffectClass.AtMostOnce)));

        Assert.Null(script.Tools[0].Effect);
        Assert.Equal(
            new EffectIntent(EffectClass.Idempotent, IdempotencyKey.For("run-9", 1, 1, "put", """{ "p" : 1 }"""), "put"),
            script.Tools[1].Effect);
        Assert.Equal(
            new EffectIntent(EffectClass.AtMostOnce, IdempotencyKey.For("run-9", 1, 2, "send", """{ "p" : 1 }"""), "send"),
            script.Tools[2].Effect);
        Assert.Equal(IdempotencyKey.For("run-9", 2, 0, "put", """{ "p" : 1 }"""), script.Tools[3].Effect!.Key);
    }
}
