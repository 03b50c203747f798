using Agents.Contracts.Runs;
using Agents.Loop;
using Xunit;
using static Agents.Tests.Loop.LoopScript;

namespace Agents.Tests.Loop;

/// <summary>The queues that a run's profile and tools name are on what it schedules, and nothing is where they name none.</summary>
public sealed class QueueTagTests
{
    [Fact]
    public async Task Calls_carry_the_queue_of_their_model_and_of_their_tool()
    {
        var script = Of(Asks(Call("crm", index: 0), Call("read", index: 1)), Says("ok"));
        var engine = new FakeEngine(script.Answer);
        var input = Input(Spec("crm") with { Queue = "crm/customer-7" }, Spec("read"));
        await engine.RunAsync(input with { Model = input.Model with { Queue = "kimi" } });

        Assert.All(engine.Scheduled(AgentRun.CallModel), task => Assert.Equal("kimi", task.Tags!["queue"]));
        Assert.Equal(["crm/customer-7", null], engine.Scheduled(AgentRun.RunTool).Select(task => task.Tags?["queue"]));
    }

    [Fact]
    public async Task Without_a_queue_a_run_schedules_what_it_always_did()
    {
        var engine = new FakeEngine(Of(Says("ok")).Answer);
        await engine.RunAsync(Input());
        Assert.Null(Assert.Single(engine.Scheduled(AgentRun.CallModel)).Tags);
    }
}
