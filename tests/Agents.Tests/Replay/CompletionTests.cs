using Agents.Contracts.Actions;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Replay;
using Agents.TestKit.Replay;
using Xunit;

namespace Agents.Tests.Replay;

public sealed class CompletionTests
{
    [Fact]
    public void It_is_complete_when_the_code_returns_whatever_is_open()
    {
        var engine = Programs.Started(c =>
        {
            _ = c.CallActivityRawAsync("forgotten", null);
            return Task.FromResult<string?>("\"done\"");
        });

        Assert.Equal((OrchestrationStatus.Completed, "\"done\""), (engine.Completion!.Status, engine.Completion.Result));
        Assert.IsType<ScheduleTaskAction>(engine.Actions[0]);
    }

    [Fact]
    public void An_exception_fails_it_with_the_details_and_no_result()
    {
        var completion = Programs.Started(async c =>
        {
            await c.CallActivityRawAsync("a", null);
            throw new InvalidOperationException("no", new ArgumentException("inner"));
        }).Complete(0).Completion!;

        Assert.Equal((OrchestrationStatus.Failed, null), (completion.Status, completion.Result));
        Assert.Equal("System.InvalidOperationException", completion.Failure!.ErrorType);
        Assert.Equal("inner", completion.Failure.InnerFailure!.ErrorMessage);
    }

    [Fact]
    public void A_cancelled_orchestrator_fails() => Assert.Equal(
        "System.Threading.Tasks.TaskCanceledException",
        Programs.Started(c => c.CreateTimer(TimeSpan.FromDays(1), new CancellationToken(canceled: true)))
            .Completion!.Failure!.ErrorType);

    [Fact]
    public void Events_after_the_completion_are_ignored()
    {
        var engine = Programs.Started(async c => await c.CallActivityRawAsync("a", null));
        engine.Deliver(
            new TaskCompleted { TaskScheduledId = 0 },
            new EventRaised { Name = "late" },
            new ExecutionTerminated { Input = "late" });

        Assert.Equal(OrchestrationStatus.Completed, engine.Completion!.Status);
        Assert.Empty(engine.Raise("later").Actions);
        Assert.Empty(engine.GoCold().Deliver(new ExecutionTerminated()).Actions);
        Assert.All(engine.Turns, t => Assert.Null(t.Turn.Divergence));
    }

    [Fact]
    public void Custom_status_is_told_once_and_not_again_on_replay()
    {
        var engine = Programs.Started(async c =>
        {
            c.SetCustomStatus(new { Step = 1 });
            await c.CallActivityRawAsync("a", null);
            await c.CallActivityRawAsync("b", null);
            c.SetCustomStatus(null);
        });

        Assert.Equal("{\"step\":1}", engine.Turns[0].Turn.CustomStatus);
        Assert.Null(engine.GoCold().Complete(0).Turns[1].Turn.CustomStatus);
        Assert.Equal("null", engine.Complete(1).CustomStatus);
    }

    [Fact]
    public void A_history_without_its_start_is_refused_not_failed()
    {
        using var session = Programs.Host(_ => Task.CompletedTask).Open(HistoryBuilder.Identity());

        var refused = Assert.Throws<InvalidOperationException>(
            () => session.Run([], [new(0, new OrchestratorStarted()), new(1, new EventRaised { Name = "x" })]));

        Assert.StartsWith("AG2003", refused.Message, StringComparison.Ordinal);
    }
}
