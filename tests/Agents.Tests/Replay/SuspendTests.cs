using Agents.Contracts.Actions;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Replay;
using Agents.TestKit.Replay;
using Xunit;

namespace Agents.Tests.Replay;

public sealed class SuspendTests
{
    static readonly ExecutionSuspended s_suspend = new();
    static readonly ExecutionResumed s_resume = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_comes_while_suspended_waits_and_is_replayed_in_order_on_resume(bool cold)
    {
        var engine = Programs.Started(async c =>
        {
            await c.CallActivityRawAsync("a", null);
            var first = (await c.WaitForExternalEventRaw("go")).Input;
            return first + (await c.WaitForExternalEventRaw("go")).Input;
        });
        engine.Deliver(s_suspend).Raise("go", "1").Complete(0).Deliver(s_suspend).Raise("go", "2");
        Assert.All(engine.Turns.Skip(1), t => Assert.Empty(t.Turn.Actions));

        if (cold)
        {
            engine.GoCold();
        }

        Assert.Equal("12", engine.Deliver(s_resume).Completion!.Result);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Actions_asked_for_in_the_turn_of_the_suspension_are_held_back_until_resume(bool cold)
    {
        Func<OrchestrationContext, Task> code = async c =>
        {
            await c.CallActivityRawAsync("a", null);
            await c.CallActivityRawAsync("b", null);
        };
        var engine = Programs.Started(code);
        engine.Deliver(new TaskCompleted { TaskScheduledId = 0 }, s_suspend);
        Assert.Empty(engine.Actions);
        engine.Raise("something");
        Assert.Empty(engine.Actions);

        if (cold)
        {
            engine.GoCold();
        }

        Assert.Equal("b", ((ScheduleTaskAction)Assert.Single(engine.Deliver(s_resume).Actions)).Name);
        Assert.NotNull(engine.Complete(1).Completion);
        Assert.Null(engine.ReplayOn(code));
    }

    [Fact]
    public void Code_resumed_sees_the_time_at_which_each_event_came()
    {
        DateTimeOffset seen = default;
        var engine = Programs.Started(async c =>
        {
            await c.CallActivityRawAsync("a", null);
            seen = c.CurrentUtcDateTime;
            await c.CallActivityRawAsync("b", null);
        }).Deliver(s_suspend);
        engine.Now += TimeSpan.FromMinutes(1);
        engine.Complete(0);
        engine.Now += TimeSpan.FromMinutes(1);
        engine.Deliver(s_resume);

        Assert.Equal(HistoryBuilder.Epoch + TimeSpan.FromMinutes(1), seen);
    }

    [Fact]
    public void Suspended_before_it_started_it_starts_on_resume()
    {
        var engine = new FakeEngine(Programs.Host(c => c.CallActivityRawAsync("a", null)))
            .Deliver(s_suspend).Start(Programs.Name);
        Assert.Empty(engine.Actions);

        Assert.Single(engine.GoCold().Deliver(s_resume).Actions);
    }

    [Fact]
    public void What_waited_keeps_its_own_place_but_mints_under_the_identity_of_the_resume()
    {
        RawResult? result = null;
        var run = "";
        Func<OrchestrationContext, Task> code = async c =>
        {
            result = await c.CallActivityRawAsync("a", null);
            run = c.RunIdentity;
            await c.CallActivityRawAsync("b", null);
        };
        var engine = Programs.Started(code).Deliver(s_suspend).Complete(0, "1");
        var cut = engine.History.Count;
        var identity = HistoryBuilder.Identity();
        using var fork = Programs.Host(code).Open(identity with
        {
            Seeds = [.. identity.Seeds, new IdentitySeed(cut, new string('f', 32), "fork")],
        });

        fork.Run(engine.History, [new(cut, new OrchestratorStarted()), new(cut + 1, s_resume)]);

        Assert.Equal((cut - 1, "fork"), (result!.Reference.Sequence, run));
    }

    [Fact]
    public void Resuming_what_is_not_suspended_changes_nothing() =>
        Assert.Empty(Programs.Started(c => c.CallActivityRawAsync("a", null)).Deliver(s_resume).Actions);

    [Fact]
    public void Termination_passes_by_the_queue_and_a_held_completion()
    {
        var engine = Programs.Started(c => c.CallActivityRawAsync("a", null));
        engine.Deliver(new TaskCompleted { TaskScheduledId = 0 }, s_suspend);
        Assert.Null(engine.Completion);

        engine.Deliver(new ExecutionTerminated { Input = "\"stop\"" });

        Assert.Equal((OrchestrationStatus.Terminated, "\"stop\""), (engine.Completion!.Status, engine.Completion.Result));
        Assert.Null(engine.ReplayOn(c => c.CallActivityRawAsync("a", null)));
    }
}
