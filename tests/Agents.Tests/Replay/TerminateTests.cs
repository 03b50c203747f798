using Agents.Contracts.Actions;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Replay;
using Agents.TestKit.Replay;
using Xunit;

namespace Agents.Tests.Replay;

public sealed class TerminateTests
{
    static readonly ExecutionTerminated s_stop = new() { Input = "{\"why\": \"enough\" }" };

    [Fact]
    public void It_ends_at_once_with_the_clients_text_unchanged()
    {
        var engine = Programs.Started(c => c.CallActivityRawAsync("a", null)).Deliver(s_stop);

        var completion = Assert.IsType<CompleteOrchestrationAction>(Assert.Single(engine.Actions));
        Assert.Equal((1, OrchestrationStatus.Terminated, s_stop.Input), (completion.Id, completion.Status, completion.Result));
        Assert.Null(engine.ReplayOn(c => c.CallActivityRawAsync("a", null)));
    }

    [Fact]
    public void It_starts_nothing_that_the_same_turn_asked_for_but_keeps_what_was_sent()
    {
        Func<OrchestrationContext, Task> code = async c =>
        {
            await c.CallActivityRawAsync("a", null);
            c.SendEvent("other", "bye", null);
            await c.CallActivityRawAsync("b", null);
        };
        var engine = Programs.Started(code).Deliver(new TaskCompleted { TaskScheduledId = 0 }, s_stop);

        Assert.Collection(engine.Actions,
            a => Assert.IsType<SendEventAction>(a),
            a => Assert.Equal(OrchestrationStatus.Terminated, Assert.IsType<CompleteOrchestrationAction>(a).Status));
        Assert.Null(engine.ReplayOn(code));
    }

    [Fact]
    public void It_works_before_the_start_and_the_code_never_runs()
    {
        var ran = false;
        using var engine = new FakeEngine(Programs.Host(_ =>
        {
            ran = true;
            return Task.CompletedTask;
        }));
        engine.Deliver(s_stop, HistoryBuilder.Start(Programs.Name));

        Assert.Equal(OrchestrationStatus.Terminated, engine.Completion!.Status);
        Assert.False(ran);
    }

    [Fact]
    public void The_first_completion_wins()
    {
        var engine = Programs.Started(c => c.CallActivityRawAsync("a", null))
            .Deliver(new TaskCompleted { TaskScheduledId = 0 }, s_stop);

        Assert.Equal(OrchestrationStatus.Completed, engine.Completion!.Status);
    }

    [Fact]
    public void A_second_termination_changes_nothing()
    {
        var engine = Programs.Started(c => c.CallActivityRawAsync("a", null))
            .Deliver(s_stop, new ExecutionTerminated { Input = "again" });

        Assert.Equal(s_stop.Input, Assert.IsType<CompleteOrchestrationAction>(Assert.Single(engine.Actions)).Result);
    }
}
