using Agents.Contracts.History;
using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;
using Agents.Loop;
using Agents.Loop.View;
using Xunit;
using static Agents.Tests.Loop.LoopScript;

namespace Agents.Tests.Loop;

public sealed class SteeringTests
{
    static EventRaised Raised(FakeEngine engine, ViewItem item) =>
        Assert.IsType<EventRaised>(engine.History[(int)Assert.IsType<ViewItem.Stored>(item).Sequence].Event);

    [Fact]
    public async Task A_message_lands_at_the_next_step_boundary_behind_the_results()
    {
        ToolCall[] calls = [Call("read", index: 0), Call("read", index: 1)];
        var script = Of(Asks(calls), Says("ok"));
        var engine = new FakeEngine(script.Answer);
        script.Before = item =>
        {
            if (item.Name == AgentRun.RunTool && script.Tools.Count == 0)
            {
                engine.Raise(RunEvents.Steer, RunEvents.SteerPayload("be brief"));
            }
        };
        await engine.RunAsync(Input(Spec("read")));

        var appended = script.Calls[1].Appended;
        Assert.Equal(4, appended.Count);
        Assert.Equal("be brief", RunEvents.SteerText(Raised(engine, appended[3]).Input));
    }

    [Fact]
    public async Task Messages_keep_their_order_and_empty_ones_say_nothing()
    {
        var script = Of(Asks(Call("read")), Says("ok"));
        var engine = new FakeEngine(script.Answer);
        script.Before = item =>
        {
            if (item.Name == AgentRun.CallModel && script.Calls.Count == 0)
            {
                engine.Raise("STEER", "\"one\"");
                engine.Raise(RunEvents.Steer, """{"text":" "}""");
                engine.Raise(RunEvents.Steer, "two, by hand");
                engine.Raise("other", "\"not for the model\"");
            }
        };
        await engine.RunAsync(Input(Spec("read")));

        var texts = script.Calls[1].Appended.Skip(2).Select(i => RunEvents.SteerText(Raised(engine, i).Input));
        Assert.Equal(["one", "two, by hand"], texts);
    }

    [Fact]
    public async Task A_message_that_came_before_the_answer_is_read_before_the_run_ends()
    {
        var script = Of(Says("four"), Says("four, in French: quatre"));
        var engine = new FakeEngine(script.Answer);
        // The fake engine hands raised events out first, so the message is stored before the answer.
        engine.Raise(RunEvents.Steer, RunEvents.SteerPayload("in French"));
        var output = await engine.RunAsync(Input());

        Assert.Equal("four, in French: quatre", output.Answer);
        Assert.Equal(2, script.Calls[1].Appended.Count);
        var reply = (ViewItem.Stored)script.Calls[1].Appended[0];
        Assert.IsType<TaskCompleted>(engine.History[(int)reply.Sequence].Event);
        Raised(engine, script.Calls[1].Appended[1]);
    }

    [Fact]
    public async Task Nothing_waits_for_a_message()
    {
        var script = Of(Says("ok"));
        var engine = new FakeEngine(script.Answer);
        Assert.Equal(StopReasons.Answer, (await engine.RunAsync(Input())).StopReason);
        Assert.DoesNotContain(engine.History, e => e.Event is TimerCreated);
    }
}
