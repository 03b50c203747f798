using Agents.Contracts.Actions;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Replay;
using Agents.TestKit.Replay;
using Xunit;

namespace Agents.Tests.Replay;

public sealed class ActivityTests
{
    [Fact]
    public void A_result_comes_back_typed_to_the_one_who_asked()
    {
        var engine = Programs.Started(async c =>
        {
            var results = await Task.WhenAll(c.CallActivityAsync<int>("a", 1), c.CallActivityAsync<int>("b", 2));
            return $"{results[0]},{results[1]}";
        });

        Assert.Equal(["1", "2"], engine.OpenActivities.Select(a => a.Input));
        Assert.Equal("10,20", engine.Complete(1, "20").Complete(0, "10").Completion!.Result);
    }

    [Fact]
    public void Version_tags_and_effect_are_passed_on_and_the_version_falls_back_to_the_orchestrations()
    {
        var tags = new Dictionary<string, string> { ["team"] = "red" };
        var engine = new FakeEngine(Programs.Host(c => Task.WhenAll(
            c.CallActivityRawAsync("a", null, new TaskOptions { Version = "9", Tags = tags }),
            c.CallActivityRawAsync("b", null)))).Start(Programs.Name, version: "2");

        var (a, b) = (engine.OpenActivities.First(), engine.OpenActivities.Last());
        Assert.Equal(("9", "2"), (a.Version, b.Version));
        Assert.Same(tags, a.Tags);
    }

    [Fact]
    public void A_failure_is_thrown_with_its_details()
    {
        TaskFailedException? caught = null;
        Programs.Started(async c =>
        {
            caught = await Assert.ThrowsAsync<TaskFailedException>(() => c.CallActivityRawAsync("a", null));
        }).Deliver(new TaskFailed { TaskScheduledId = 0, Failure = Programs.Boom });

        Assert.Equal(("a", 0, Programs.Boom), (caught!.TaskName, caught.TaskId, caught.Failure));
    }

    [Fact]
    public void An_unhandled_task_failure_passes_its_details_on()
    {
        var missing = new FailureDetails("ActivityTaskNotFound", "no activity 'a'", IsNonRetriable: true);
        var completion = Programs.Started(c => c.CallActivityRawAsync("a", null))
            .Deliver(new TaskFailed { TaskScheduledId = 0, Failure = missing }).Completion!;

        Assert.Equal(OrchestrationStatus.Failed, completion.Status);
        Assert.Equal(missing, completion.Failure);
        Assert.Null(completion.Result);
    }

    [Fact]
    public void Double_unknown_and_mistaken_results_are_ignored()
    {
        var engine = Programs.Started(async c =>
        {
            await c.CallActivityRawAsync("a", null);
            await c.CallActivityRawAsync("b", null);
        });
        engine.Deliver(
            new TimerFired { TimerId = 0, FireAt = engine.Now },
            new TaskCompleted { TaskScheduledId = 99 },
            new SubOrchestrationInstanceCompleted { TaskScheduledId = 0 },
            new TaskCompleted { TaskScheduledId = 0 },
            new TaskCompleted { TaskScheduledId = 0 });

        Assert.IsType<ScheduleTaskAction>(Assert.Single(engine.Actions));
        Assert.Empty(engine.Complete(0).Actions);
        Assert.Equal(OrchestrationStatus.Completed, engine.Complete(1).Completion!.Status);
    }

    [Fact]
    public void Unknown_and_foreign_event_types_are_ignored()
    {
        var engine = Programs.Started(c => c.CallActivityRawAsync("a", null)).Deliver(
            new UnknownHistoryEvent { Raw = new byte[] { 1 } }, new ExecutionRewound());

        Assert.Null(engine.Turns[^1].Turn.Divergence);
        Assert.Empty(engine.Actions);
        Assert.NotNull(engine.GoCold().Complete(0).Completion);
    }
}
