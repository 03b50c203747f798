using Agents.Contracts.Actions;
using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Replay;
using Agents.Replay.Versioning;
using Agents.TestKit.Replay;
using Xunit;

namespace Agents.Tests.Replay;

/// <summary>Code against history: what is compared, and what a person reads about the first difference.</summary>
public sealed class MatchingTests
{
    static readonly EffectIntent s_append = new(EffectClass.AtMostOnce, new string('a', 64), "append");

    [Fact]
    public void Unchanged_code_meets_its_history()
    {
        var engine = Programs.Started(Everything).Complete(0, "1");

        Assert.Null(engine.ReplayOn(Everything));
    }

    [Fact]
    public void Another_activity_name_diverges()
    {
        var engine = Programs.Started(c => c.CallActivityRawAsync("read", "1"));

        var divergence = engine.ReplayOn(c => c.CallActivityRawAsync("write", "1"));

        Assert.Equal(2, divergence!.Sequence);
        Assert.Equal("TaskScheduled", divergence.Event);
        Assert.Equal("activity 'read' #0", divergence.Expected);
        Assert.Equal("activity 'write' #0", divergence.Actual);
    }

    [Fact]
    public void Names_are_compared_exactly() => Assert.NotNull(
        Programs.Started(c => c.CallActivityRawAsync("read", "1")).ReplayOn(c => c.CallActivityRawAsync("Read", "1")));

    [Fact]
    public void Another_input_diverges_and_the_report_points_at_the_place()
    {
        var shared = new string('x', 300);
        var engine = Programs.Started(c => c.CallActivityRawAsync("read", shared + "\nold"));

        var divergence = engine.ReplayOn(c => c.CallActivityRawAsync("read", shared + "\nnew"));

        Assert.Equal($"activity 'read' #0 with input from character 277 …'{new string('x', 24)[1..]} old'", divergence!.Expected);
        Assert.EndsWith(" new'", divergence.Actual, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', divergence.ToString());
    }

    [Fact]
    public void Another_version_diverges() => Assert.Equal(
        "activity 'read' #0 with version '1'",
        Programs.Started(c => c.CallActivityRawAsync("read", null, new TaskOptions { Version = "1" }))
            .ReplayOn(c => c.CallActivityRawAsync("read", null, new TaskOptions { Version = "2" }))!.Expected);

    [Fact]
    public void Another_effect_diverges() => Assert.Contains(
        "AtMostOnce append aaaa",
        Programs.Started(c => c.CallActivityRawAsync("tool", null, new TaskOptions { Effect = s_append }))
            .ReplayOn(c => c.CallActivityRawAsync(
                "tool", null, new TaskOptions { Effect = s_append with { Key = new string('b', 64) } }))!.Expected,
        StringComparison.Ordinal);

    [Fact]
    public void Another_timer_time_diverges() => Assert.Contains(
        "2026-01-01T00:01:00",
        Programs.Started(c => c.CreateTimer(TimeSpan.FromMinutes(1)))
            .ReplayOn(c => c.CreateTimer(TimeSpan.FromMinutes(2)))!.Expected,
        StringComparison.Ordinal);

    [Fact]
    public void Another_kind_diverges()
    {
        var divergence = Programs.Started(c => c.CallActivityRawAsync("read", null))
            .ReplayOn(c => c.CreateTimer(TimeSpan.FromMinutes(2)));

        Assert.StartsWith("timer #0", divergence!.Actual, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_child_id_or_event_target_diverges()
    {
        var child = Programs.Started(c => c.CallSubOrchestratorRawAsync("x", null, new() { InstanceId = "a" }));
        Assert.Contains("instance 'a'", child.ReplayOn(
            c => c.CallSubOrchestratorRawAsync("x", null, new() { InstanceId = "b" }))!.Expected, StringComparison.Ordinal);

        var sent = Programs.Started(c => Send(c, "a"));
        Assert.Contains("target 'a'", sent.ReplayOn(c => Send(c, "b"))!.Expected, StringComparison.Ordinal);

        static Task Send(OrchestrationContext c, string to)
        {
            c.SendEvent(to, "hello", null);
            return c.WaitForExternalEventRaw("never");
        }
    }

    [Fact]
    public void An_event_the_code_asked_nothing_for_diverges()
    {
        var divergence = Programs.Started(c => c.CallActivityRawAsync("read", null))
            .ReplayOn(c => c.WaitForExternalEventRaw("never"));

        Assert.Equal("nothing: it waits", divergence!.Actual);
    }

    [Fact]
    public void An_action_history_never_named_diverges_at_the_next_turn()
    {
        var engine = Programs.Started(c => c.CallActivityRawAsync("a", null)).Complete(0);

        var divergence = engine.ReplayOn(
            c => Task.WhenAll(c.CallActivityRawAsync("a", null), c.CallActivityRawAsync("b", null)));

        Assert.Equal(3, divergence!.Sequence);
        Assert.Equal("OrchestratorStarted", divergence.Event);
        Assert.Equal("activity 'b' #1", divergence.Actual);
    }

    [Fact]
    public void An_action_left_over_at_the_end_of_history_diverges()
    {
        var engine = Programs.Started(c => c.CallActivityRawAsync("a", null));

        var divergence = engine.ReplayOn(
            c => Task.WhenAll(c.CallActivityRawAsync("a", null), c.CallActivityRawAsync("b", null)));

        Assert.Equal("end of history", divergence!.Event);
        Assert.Equal(engine.History.Count, divergence.Sequence);
    }

    [Fact]
    public void Another_result_or_status_at_the_end_diverges()
    {
        var engine = Programs.Started(_ => Task.FromResult<string?>("1"));

        Assert.Equal(
            "completion #0 as Completed with result '1'",
            HistoryReplay.Check(Programs.Host(_ => Task.FromResult<string?>("2")), HistoryBuilder.Identity(), engine.History)
                .Divergence!.Expected);
        Assert.Contains(
            "status 'Failed'",
            engine.ReplayOn(_ => throw new InvalidOperationException("no"))!.Actual,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_failure_is_compared_by_type_and_message_not_by_stack()
    {
        var engine = Programs.Started(_ => throw new InvalidOperationException("no"));

        Assert.Null(engine.ReplayOn(_ => Deeper()));
        Assert.NotNull(engine.ReplayOn(_ => throw new InvalidOperationException("other")));

        static Task Deeper() => throw new InvalidOperationException("no");
    }

    [Fact]
    public void Within_a_turn_the_order_of_its_actions_in_history_does_not_matter()
    {
        var history = new HistoryBuilder()
            .Turn(
                HistoryBuilder.Start(Programs.Name),
                new TaskScheduled { EventId = 2, Name = "c" },
                new TaskScheduled { EventId = 0, Name = "a" },
                new TaskScheduled { EventId = 1, Name = "b" })
            .Turn(new TaskCompleted { TaskScheduledId = 1 }).Events;

        var report = HistoryReplay.Check(
            Programs.Host(c => Task.WhenAll(
                c.CallActivityRawAsync("a", null), c.CallActivityRawAsync("b", null), c.CallActivityRawAsync("c", null))),
            HistoryBuilder.Identity(),
            history);

        Assert.True(report.IsEqual, report.Divergence?.ToString());
    }

    [Fact]
    public void Past_is_matched_before_fresh_events_and_a_divergence_asks_for_nothing()
    {
        var engine = Programs.Started(c => c.CallActivityRawAsync("read", null));
        using var session = Programs.Host(c => c.CallActivityRawAsync("write", null)).Open(HistoryBuilder.Identity());

        var turn = session.Run(engine.History,
            [new(3, new OrchestratorStarted()), new(4, new TaskCompleted { TaskScheduledId = 0 })]);

        Assert.NotNull(turn.Divergence);
        Assert.Empty(turn.Actions);
        Assert.Same(turn.Divergence, session.Run([], [new(5, new OrchestratorStarted())]).Divergence);
    }

    [Fact]
    public void A_hot_turn_takes_the_actions_before_it_as_committed()
    {
        var engine = Programs.Started(async c =>
        {
            await c.CallActivityRawAsync("a", null);
            await c.CallActivityRawAsync("b", null);
        });

        Assert.Equal(1, Assert.IsType<ScheduleTaskAction>(Assert.Single(engine.Complete(0).Actions)).Id);
        Assert.NotNull(engine.Complete(1).Completion);
    }

    [Fact]
    public void Tags_and_a_changed_default_version_of_children_are_not_held_against_the_code()
    {
        var engine = new FakeEngine(Host("1")).Start(Programs.Name);
        Assert.Equal("1", Assert.Single(engine.OpenChildren).Version);

        Assert.True(HistoryReplay.Check(Host("2"), HistoryBuilder.Identity(), engine.History).IsEqual);

        static OrchestratorHost Host(string version) => Programs.Host(
            async c => await c.CallSubOrchestratorRawAsync(
                "child", null, new() { Tags = new Dictionary<string, string> { ["deploy"] = version } }),
            new VersioningOptions { DefaultVersion = version });
    }

    [Fact]
    public void What_the_engine_ended_without_code_is_no_divergence()
    {
        var history = new HistoryBuilder()
            .Turn(HistoryBuilder.Start(Programs.Name), new ExecutionCompleted
            {
                EventId = int.MaxValue, Status = Contracts.Instances.OrchestrationStatus.Failed,
            }).Events;

        Assert.True(HistoryReplay.Check(
            Programs.Host(c => c.CallActivityRawAsync("a", null)), HistoryBuilder.Identity(), history).IsEqual);
    }

    static async Task<string?> Everything(OrchestrationContext c)
    {
        c.SendEvent("other", "hello", "1");
        c.SetCustomStatus("busy");
        await Task.WhenAll(
            c.CallActivityRawAsync("a", "1", new TaskOptions { Effect = s_append }),
            c.CallSubOrchestratorRawAsync("child", c.NewGuid().ToString()),
            c.CreateTimer(TimeSpan.FromMinutes(1)));
        return "done";
    }
}
