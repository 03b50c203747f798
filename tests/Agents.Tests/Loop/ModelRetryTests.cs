using Agents.Contracts.History;
using Agents.Contracts.Runs;
using Agents.Loop;
using Xunit;
using static Agents.Tests.Loop.LoopScript;

namespace Agents.Tests.Loop;

public sealed class ModelRetryTests
{
    [Fact]
    public async Task A_transient_failure_is_tried_again_with_the_same_input_after_a_durable_timer()
    {
        var script = Of(Fails(ModelErrorKind.Transient), Fails(ModelErrorKind.Transient), Says("ok"));
        var engine = new FakeEngine(script.Answer);
        var output = await engine.RunAsync(Input());

        Assert.Equal(StopReasons.Answer, output.StopReason);
        Assert.Equal(1, output.Steps);
        Assert.Single(engine.Scheduled(AgentRun.CallModel).Select(t => t.Input).Distinct());
        Assert.Equal(2, engine.History.Count(e => e.Event is TimerFired));
    }

    [Fact]
    public async Task The_wait_the_server_asked_for_is_kept()
    {
        var script = Of(Fails(ModelErrorKind.RateLimited, TimeSpan.FromSeconds(90)), Says("ok"));
        var engine = new FakeEngine(script.Answer);
        var start = engine.Now;
        await engine.RunAsync(Input());

        var timer = Assert.Single(engine.History.Select(e => e.Event).OfType<TimerCreated>());
        Assert.Equal(start + TimeSpan.FromSeconds(90), timer.FireAt);
    }

    [Fact]
    public async Task Attempts_are_bounded()
    {
        var script = new LoopScript { Model = (_, _) => Fails(ModelErrorKind.Transient) };
        var output = await new FakeEngine(script.Answer).RunAsync(Input() with { Limits = new RunLimits { ModelAttempts = 3 } });

        Assert.Equal(StopReasons.ModelError, output.StopReason);
        Assert.Equal(3, script.Calls.Count);
    }

    [Fact]
    public async Task The_call_after_a_retried_one_continues_the_attempt_that_succeeded()
    {
        var script = Of(Fails(ModelErrorKind.Transient), Asks(Call("read")), Says("ok"));
        var engine = new FakeEngine(script.Answer);
        await engine.RunAsync(Input(Spec("read")));

        var calls = engine.Scheduled(AgentRun.CallModel).ToArray();
        Assert.Equal(calls[1].EventId, script.Calls[2].Previous);
        Assert.NotEqual(calls[0].EventId, script.Calls[2].Previous);
    }
}
