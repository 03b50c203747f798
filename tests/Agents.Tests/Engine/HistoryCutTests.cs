using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Engine.Instances;
using Agents.Engine.Store;
using Xunit;

namespace Agents.Tests.Engine;

public sealed class HistoryCutTests
{
    static readonly FailureDetails s_failure = new("E", "no");

    [Fact]
    public void A_rewind_goes_before_the_first_failure_of_a_call_that_was_retried()
    {
        var events = Sequence(
            new OrchestratorStarted(), IntakeTests.Start(), Call(0),
            new OrchestratorStarted(), new TaskFailed { TaskScheduledId = 0, Failure = s_failure }, new TimerCreated { EventId = 1, FireAt = default },
            new OrchestratorStarted(), new TimerFired { TimerId = 1, FireAt = default }, Call(2),
            new OrchestratorStarted(), new TaskFailed { TaskScheduledId = 2, Failure = s_failure },
            new ExecutionCompleted { EventId = 3, Status = OrchestrationStatus.Failed });

        Assert.Equal(3, HistoryCut.BeforeFailure(events)!.Sequence);
    }

    [Fact]
    public void A_success_in_the_same_turn_as_the_failure_is_kept()
    {
        var events = Sequence(
            new OrchestratorStarted(), IntakeTests.Start(), Call(0), Call(1, "other"),
            new OrchestratorStarted(),
            new TaskCompleted { TaskScheduledId = 1, Result = "good" },
            new TaskFailed { TaskScheduledId = 0, Failure = s_failure },
            new ExecutionCompleted { EventId = 2, Status = OrchestrationStatus.Failed });
        var cut = HistoryCut.BeforeFailure(events)!;

        Assert.Equal(4, cut.Sequence);
        Assert.Equal("good", Assert.IsType<TaskCompleted>(Assert.Single(cut.Kept)).Result);
    }

    [Fact]
    public void An_orchestration_that_failed_by_itself_has_nothing_to_rewind_to()
    {
        var events = Sequence(
            new OrchestratorStarted(), IntakeTests.Start(),
            new ExecutionCompleted { EventId = 0, Status = OrchestrationStatus.Failed, Failure = s_failure });

        Assert.Null(HistoryCut.BeforeFailure(events));
    }

    [Fact]
    public void A_fork_is_cut_only_where_a_turn_begins_and_after_the_first()
    {
        var events = Sequence(
            new OrchestratorStarted(), IntakeTests.Start(), Call(0),
            new OrchestratorStarted(), new TaskCompleted { TaskScheduledId = 0 }, Call(1));

        Assert.Null(HistoryCut.At(events, 0));
        Assert.Null(HistoryCut.At(events, 4));
        Assert.Null(HistoryCut.At(events, 99));
        Assert.Equal(3, HistoryCut.At(events, 3)!.Sequence);
    }

    [Fact]
    public void What_is_open_at_the_cut_is_named_unless_the_kept_turn_closes_it()
    {
        var effect = new EffectIntent(EffectClass.AtMostOnce, "k", "pay");
        HistoryEvent[] head =
        [
            new OrchestratorStarted(), IntakeTests.Start(), new TaskScheduled { EventId = 0, Name = "RunTool", Effect = effect },
            new SubOrchestrationInstanceCreated { EventId = 1, InstanceId = "child", Name = "c" },
            new OrchestratorStarted(),
        ];
        var open = HistoryCut.At(Sequence([.. head, new EventRaised { Name = "x" }]), 4)!;
        var closed = HistoryCut.At(
            Sequence([.. head, new TaskCompleted { TaskScheduledId = 0 }, new SubOrchestrationInstanceCompleted { TaskScheduledId = 1 }]),
            4)!;

        Assert.Equal(["pay"], open.OpenEffects);
        Assert.Equal("child", Assert.Single(open.OpenChildren).InstanceId);
        Assert.Empty(closed.OpenEffects);
        Assert.Empty(closed.OpenChildren);
    }

    [Fact]
    public void Seeds_before_the_cut_stay_and_the_run_identity_survives_its_text_form()
    {
        var first = new ExecutionRecord { Key = 1, ExecutionId = "e1", Generation = 0, IdentitySeed = "seed1" };
        var parent = IdentityChain.Read(first, "run/with:odd id");
        var child = new ExecutionId("0123456789abcdef0123456789abcdef");
        var text = IdentityChain.Cut(parent, 57, child, "fork");
        var read = IdentityChain.Read(first with { IdentitySeed = text }, "fork");

        Assert.Equal(
            [new IdentitySeed(0, "seed1", "run/with:odd id"), new IdentitySeed(57, child, "fork")], read);
    }

    [Fact]
    public void A_cut_before_an_earlier_cut_drops_the_seed_that_came_after_it()
    {
        var seeds = new[] { new IdentitySeed(0, "a", "r"), new IdentitySeed(50, "b", "r") };
        var execution = new ExecutionRecord
        {
            Key = 1,
            ExecutionId = "e",
            Generation = 0,
            IdentitySeed = IdentityChain.Cut(seeds, 20, new ExecutionId("0123456789abcdef0123456789abcdef"), "r2"),
        };

        Assert.Equal([0, 20], IdentityChain.Read(execution, "x").Select(s => s.FromSequence));
    }

    static TaskScheduled Call(int id, string input = "same") => new() { EventId = id, Name = "CallModel", Input = input };

    static List<SequencedEvent> Sequence(params HistoryEvent[] events) =>
        [.. events.Select((e, i) => new SequencedEvent(i, e))];
}
