using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Engine.History;
using Agents.Engine.Instances;
using Agents.Engine.Store;
using Xunit;

namespace Agents.Tests.Engine;

public sealed class IntakeTests
{
    static readonly DateTimeOffset s_now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Fact]
    public void Start_comes_first_and_terminate_second_whatever_the_arrival_order()
    {
        var intake = new Intake(new InstanceState(), "e");
        intake.Take(Row(1, new EventRaised { Name = "a" }));
        intake.Take(Row(2, new ExecutionTerminated { Input = "\"enough\"" }));
        intake.Take(Row(3, Start()));

        Assert.Equal(
            [typeof(OrchestratorStarted), typeof(ExecutionStarted), typeof(ExecutionTerminated), typeof(EventRaised)],
            intake.Events(s_now).Select(e => e.GetType()));
        Assert.All(intake.Events(s_now), e => Assert.Equal(s_now, e.Timestamp));
        Assert.Equal([1, 2, 3], intake.Consumed);
    }

    [Fact]
    public void Carried_over_events_come_before_newer_ones_that_already_wait()
    {
        var intake = new Intake(new InstanceState(), "new");
        intake.Take(Row(3, new EventRaised { Name = "n", Input = "3" }));
        intake.Take(Row(4, Start()));
        intake.Take(Row(5, new EventRaised { Name = "n", Input = "1" }, "new"));
        intake.Take(Row(6, new EventRaised { Name = "n", Input = "2" }, "new"));

        Assert.Equal(["1", "2", "3"], intake.Events(s_now).OfType<EventRaised>().Select(e => e.Input));
    }

    [Fact]
    public void A_row_for_another_execution_is_consumed_without_an_event()
    {
        var intake = new Intake(Running(), "this one");
        intake.Take(Row(7, new EventRaised { Name = "late" }, "an older one"));

        Assert.Equal([7], intake.Consumed);
        Assert.False(intake.HasEvents);
        Assert.Equal(1, intake.Dropped);
    }

    [Fact]
    public void A_task_has_one_outcome_even_when_two_arrive_in_one_turn()
    {
        var intake = new Intake(Running(new TaskScheduled { EventId = 4, Name = "t" }), "e");

        Assert.True(intake.Take(new TaskCompleted { TaskScheduledId = 4, Result = "1" }));
        Assert.False(intake.Take(new TaskFailed { TaskScheduledId = 4, Failure = new FailureDetails("E", "m") }));
        Assert.Equal(2, intake.Events(s_now).Count);
    }

    [Fact]
    public void A_result_for_a_task_that_is_not_open_is_dropped()
    {
        var intake = new Intake(Running(), "e");

        Assert.False(intake.Take(new TaskCompleted { TaskScheduledId = 4 }));
        Assert.False(intake.Take(new TimerFired { TimerId = 5, FireAt = s_now }));
        Assert.False(intake.Take(new SubOrchestrationInstanceCompleted { TaskScheduledId = 6 }));
        Assert.Equal(3, intake.Dropped);
    }

    [Fact]
    public void Suspend_and_resume_are_taken_only_where_they_change_something()
    {
        var intake = new Intake(Running(), "e");

        Assert.False(intake.Take(new ExecutionResumed()));
        Assert.True(intake.Take(new ExecutionSuspended()));
        Assert.False(intake.Take(new ExecutionSuspended()));
        Assert.True(intake.Take(new ExecutionResumed()));
    }

    [Fact]
    public void A_second_start_is_dropped()
    {
        var intake = new Intake(Running(), "e");

        Assert.False(intake.Take(Start()));
    }

    [Fact]
    public void Due_timers_fire_in_the_order_of_their_times()
    {
        var intake = new Intake(
            Running(
                new TimerCreated { EventId = 1, FireAt = s_now },
                new TimerCreated { EventId = 2, FireAt = s_now.AddSeconds(-9) },
                new TimerCreated { EventId = 3, FireAt = s_now.AddSeconds(1) }),
            "e");
        intake.TakeDueTimers(s_now);

        Assert.Equal([2, 1], intake.Events(s_now).OfType<TimerFired>().Select(t => t.TimerId));
    }

    [Fact]
    public void A_turn_is_never_earlier_than_a_timer_that_fires_in_it()
    {
        var intake = new Intake(Running(new TimerCreated { EventId = 1, FireAt = s_now.AddSeconds(3) }), "e");
        Assert.True(intake.Take(new TimerFired { TimerId = 1, FireAt = s_now.AddSeconds(3) }));

        Assert.Equal(s_now.AddSeconds(3), intake.TurnTime(s_now));
        Assert.Equal(s_now.AddSeconds(4), intake.TurnTime(s_now.AddSeconds(4)));
    }

    internal static InstanceState Running(params HistoryEvent[] events)
    {
        var state = new InstanceState();
        var sequence = 0L;
        foreach (var e in events.Prepend(Start()).Prepend(new OrchestratorStarted()))
        {
            state.Apply(new SequencedEvent(sequence++, e));
        }

        return state;
    }

    internal static ExecutionStarted Start() =>
        new() { Name = "n", InstanceId = "i", ExecutionId = "0123456789abcdef0123456789abcdef" };

    static InboxRow Row(long id, HistoryEvent e, string? executionId = null) =>
        new(id, new InboxMessage(InboxKind.HistoryEvent, HistoryCodec.EncodeOne(e), executionId));
}
