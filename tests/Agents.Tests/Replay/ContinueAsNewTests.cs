using Agents.Contracts.Actions;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Replay;
using Agents.TestKit.Replay;
using Xunit;

namespace Agents.Tests.Replay;

public sealed class ContinueAsNewTests
{
    [Fact]
    public void It_takes_effect_when_the_code_returns()
    {
        var engine = Programs.Started(async c =>
        {
            c.ContinueAsNew(new { Round = 2 }, newVersion: "3");
            await c.CallActivityRawAsync("a", null);
            return "ignored";
        });
        Assert.Null(engine.Completion);

        var completion = engine.Complete(0).Completion!;
        Assert.Equal(
            (OrchestrationStatus.ContinuedAsNew, "{\"round\":2}", "3"),
            (completion.Status, completion.Result, completion.NewVersion));
        Assert.Null(engine.ReplayOn(async c =>
        {
            await c.CallActivityRawAsync("a", null);
            c.ContinueAsNew(new { Round = 2 });
        }));
    }

    [Fact]
    public void Kept_events_are_carried_over_in_order_of_arrival_those_of_the_last_turn_too()
    {
        var engine = Programs.Started(async c =>
        {
            await c.CallActivityRawAsync("a", null);
            await c.WaitForExternalEventRaw("b");
            c.ContinueAsNew(null);
        }).Raise("b", "1").Raise("a", "2").Raise("B", "3");
        engine.Deliver(new TaskCompleted { TaskScheduledId = 0 }, new EventRaised { Name = "late", Input = "4" });

        Assert.Equal(["2", "3", "4"], engine.Completion!.CarryoverEvents.Cast<EventRaised>().Select(e => e.Input));
    }

    [Fact]
    public void Kept_events_are_dropped_on_request()
    {
        var engine = Programs.Started(async c =>
        {
            await c.CallActivityRawAsync("a", null);
            c.ContinueAsNew(null, preserveUnprocessedEvents: false);
        }).Raise("b", "1").Complete(0);

        Assert.Empty(engine.Completion!.CarryoverEvents);
    }

    [Fact]
    public void A_failure_after_the_call_fails() => Assert.Equal(
        OrchestrationStatus.Failed,
        Programs.Started(c =>
        {
            c.ContinueAsNew(null);
            throw new InvalidOperationException("no");
        }).Completion!.Status);

    [Fact]
    public void Termination_beats_it_before_and_after_the_code_returned()
    {
        var before = Programs.Started(async c =>
        {
            c.ContinueAsNew("next");
            await c.CallActivityRawAsync("a", null);
        }).Deliver(new ExecutionTerminated { Input = "stop" });
        Assert.Equal(OrchestrationStatus.Terminated, before.Completion!.Status);

        var after = Programs.Started(async c =>
        {
            await c.CallActivityRawAsync("a", null);
            c.ContinueAsNew("next");
        }).Deliver(new TaskCompleted { TaskScheduledId = 0 }, new ExecutionTerminated { Input = "stop" });
        Assert.Equal((OrchestrationStatus.Terminated, "stop"), (after.Completion!.Status, after.Completion.Result));
        Assert.Single(after.Actions);
    }
}
