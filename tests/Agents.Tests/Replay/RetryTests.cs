using Agents.Contracts.Actions;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Replay;
using Agents.TestKit.Replay;
using Xunit;

namespace Agents.Tests.Replay;

public sealed class RetryTests
{
    static readonly RetryPolicy s_three = new(3, TimeSpan.FromSeconds(10)) { BackoffCoefficient = 2 };

    [Fact]
    public void Each_wait_is_a_durable_timer_and_each_attempt_a_new_task()
    {
        var engine = Calling(s_three);

        Assert.Equal(TimeSpan.FromSeconds(10), FailAndReadDelay(engine, 0));
        Assert.Equal(2, Assert.Single(engine.GoCold().Fire(1).OpenActivities).EventId);
        Assert.Equal(TimeSpan.FromSeconds(20), FailAndReadDelay(engine, 2));
        Assert.Equal("\"ok\"", engine.Fire(3).GoCold().Complete(4, "\"ok\"").Completion!.Result);
    }

    [Fact]
    public void No_timer_follows_the_last_attempt()
    {
        var engine = Calling(s_three with { MaxNumberOfAttempts = 2 });
        FailAndReadDelay(engine, 0);

        Fail(engine.Fire(1), 2, Programs.Boom);

        Assert.IsType<CompleteOrchestrationAction>(Assert.Single(engine.Actions));
        Assert.Equal(Programs.Boom, engine.Completion!.Failure);
    }

    [Fact]
    public void The_delay_is_bounded()
    {
        var engine = Calling(s_three with { MaxRetryInterval = TimeSpan.FromSeconds(15), MaxNumberOfAttempts = 2000 });
        Assert.Equal(TimeSpan.FromSeconds(10), FailAndReadDelay(engine, 0));
        var attempt = 0;

        // Beyond the range of a double's exponent: still the bound.
        for (var i = 0; i < 1100; i++)
        {
            engine.Fire(attempt + 1);
            attempt += 2;
            Assert.Equal(TimeSpan.FromSeconds(15), FailAndReadDelay(engine, attempt));
        }
    }

    [Fact]
    public void A_delay_that_the_failure_asks_for_wins()
    {
        var engine = Calling(s_three with
        {
            DelayFromFailure = f => f.ErrorMessage.Length == 2 ? TimeSpan.FromMinutes(5) : null,
        });

        Assert.Equal(TimeSpan.FromMinutes(5), FailAndReadDelay(engine, 0, new FailureDetails("Busy", "42")));
        Assert.Equal(TimeSpan.FromSeconds(20), FailAndReadDelay(engine.Fire(1), 2));
    }

    [Fact]
    public void Without_a_delay_the_next_attempt_follows_at_once()
    {
        var engine = Calling(s_three with { FirstRetryInterval = TimeSpan.Zero });

        Fail(engine, 0, Programs.Boom);

        Assert.Equal(1, Assert.IsType<ScheduleTaskAction>(Assert.Single(engine.Actions)).Id);
    }

    [Fact]
    public void A_failure_that_is_final_or_refused_by_the_handler_is_not_tried_again()
    {
        var final = Programs.Boom with { IsNonRetriable = true };
        Assert.Equal(final, Fail(Calling(s_three), 0, final).Completion!.Failure);

        var picky = s_three with { HandleFailure = f => f.ErrorType != "Boom" };
        Assert.NotNull(Fail(Calling(picky), 0, Programs.Boom).Completion);
        Assert.Null(Fail(Calling(picky), 0, new FailureDetails("Other", "x")).Completion);
    }

    [Fact]
    public void The_retry_timeout_is_measured_on_the_orchestrations_clock()
    {
        var engine = Calling(s_three with { RetryTimeout = TimeSpan.FromSeconds(10) });
        engine.Now += TimeSpan.FromSeconds(10) - TimeSpan.FromTicks(1);
        Assert.Null(Fail(engine, 0, Programs.Boom).Completion);

        Assert.NotNull(Fail(engine.Fire(1), 2, Programs.Boom).Completion);

        var exact = Calling(s_three with { RetryTimeout = TimeSpan.FromSeconds(10) });
        exact.Now += TimeSpan.FromSeconds(10);
        Assert.NotNull(Fail(exact, 0, Programs.Boom).Completion);
    }

    [Fact]
    public void A_policy_without_an_attempt_is_refused() => Assert.Equal(
        "System.ArgumentOutOfRangeException", Calling(s_three with { MaxNumberOfAttempts = 0 }).Completion!.Failure!.ErrorType);

    static FakeEngine Calling(RetryPolicy policy) => Programs.Started(
        async c => (await c.CallActivityRawAsync("a", "1", new TaskOptions { Retry = policy })).Value);

    static FakeEngine Fail(FakeEngine engine, int task, FailureDetails failure) =>
        engine.Deliver(new TaskFailed { TaskScheduledId = task, Failure = failure });

    static TimeSpan FailAndReadDelay(FakeEngine engine, int task, FailureDetails? failure = null) =>
        Assert.IsType<CreateTimerAction>(Assert.Single(Fail(engine, task, failure ?? Programs.Boom).Actions)).FireAt
        - engine.Now;
}
