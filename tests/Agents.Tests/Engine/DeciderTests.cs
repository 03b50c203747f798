using Agents.Contracts.Actions;
using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Engine;
using Agents.Engine.History;
using Agents.Engine.Instances;
using Agents.Engine.Store;
using Xunit;

namespace Agents.Tests.Engine;

public sealed class DeciderTests
{
    static readonly DateTimeOffset s_now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    const string Execution = "0123456789abcdef0123456789abcdef";

    [Fact]
    public void Actions_become_events_that_echo_their_ids_in_order()
    {
        var decision = Decide(
            new ScheduleTaskAction { Id = 0, Name = "t", Input = "1" },
            new CreateTimerAction { Id = 1, FireAt = s_now.AddHours(1) },
            new SendEventAction { Id = 2, InstanceId = "other", Name = "hello", Input = "2" });

        Assert.Equal([-1, 0, 1, 2], decision.Events.Select(e => e.EventId));
        var sent = Assert.Single(decision.Sends);
        Assert.Equal("other", sent.InstanceId);
        Assert.Equal("hello", Assert.IsType<EventRaised>(HistoryCodec.DecodeOne(sent.Message.Body)).Name);
        Assert.Equal(["other"], decision.Wakes);
    }

    [Fact]
    public void Only_at_most_once_effects_need_an_intent()
    {
        var decision = Decide(
            Task(0, EffectClass.ReadOnly), Task(1, EffectClass.Idempotent), Task(2, EffectClass.AtMostOnce),
            new ScheduleTaskAction { Id = 3, Name = "plain" });

        Assert.Equal([2], decision.Intents.Select(i => i.EventId));
    }

    [Fact]
    public void Continue_as_new_keeps_sends_and_drops_tasks_of_the_old_generation()
    {
        var decision = Decide(
            new ScheduleTaskAction { Id = 0, Name = "t" },
            new SendEventAction { Id = 1, InstanceId = "other", Name = "e" },
            new CompleteOrchestrationAction
            {
                Id = 2,
                Status = OrchestrationStatus.ContinuedAsNew,
                Result = "\"next\"",
                CarryoverEvents = [new EventRaised { Name = "kept" }],
            });

        Assert.DoesNotContain(decision.Events, e => e is TaskScheduled);
        Assert.Single(decision.Sends);
        Assert.Null(decision.Status);
        var next = decision.Next!;
        Assert.NotEqual(Execution, next.ExecutionId);
        var inbox = next.Inbox.Select(m => HistoryCodec.DecodeOne(m.Body)).ToList();
        var start = Assert.IsType<ExecutionStarted>(inbox[0]);
        Assert.Equal(("\"next\"", 1), (start.Input, start.Generation));
        Assert.Equal("kept", Assert.IsType<EventRaised>(inbox[1]).Name);
    }

    [Fact]
    public void A_child_tells_its_parent_under_the_parents_execution()
    {
        var parent = new ParentInstance("p", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 7);
        var decision = Decide(
            IntakeTests.Start() with { Parent = parent },
            [new CompleteOrchestrationAction { Id = 0, Status = OrchestrationStatus.Completed, Result = "42" }]);

        var send = Assert.Single(decision.Sends);
        Assert.Equal(("p", parent.ExecutionId), (send.InstanceId, send.Message.ExecutionId));
        var done = Assert.IsType<SubOrchestrationInstanceCompleted>(HistoryCodec.DecodeOne(send.Message.Body));
        Assert.Equal((7, "42"), (done.TaskScheduledId, done.Result));
    }

    [Fact]
    public void A_terminated_child_is_a_failure_to_its_parent()
    {
        var parent = new ParentInstance("p", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 7);
        var decision = Decide(
            IntakeTests.Start() with { Parent = parent },
            [new CompleteOrchestrationAction { Id = 0, Status = OrchestrationStatus.Terminated }]);

        Assert.IsType<SubOrchestrationInstanceFailed>(HistoryCodec.DecodeOne(decision.Sends[0].Message.Body));
    }

    [Fact]
    public void A_recursive_terminate_goes_on_to_open_children()
    {
        var state = IntakeTests.Running(
            new SubOrchestrationInstanceCreated { EventId = 3, InstanceId = "child", Name = "c" });
        var decision = new Decider(Subject(IntakeTests.Start()), new Ids(), s_now).Decide(
            [new OrchestratorStarted(), new ExecutionTerminated { Recurse = true }],
            [new CompleteOrchestrationAction { Id = 4, Status = OrchestrationStatus.Terminated }],
            state);

        var send = Assert.Single(decision.Sends);
        Assert.Equal("child", send.InstanceId);
        Assert.True(Assert.IsType<ExecutionTerminated>(HistoryCodec.DecodeOne(send.Message.Body)).Recurse);
    }

    [Fact]
    public void A_childs_clash_is_addressed_to_the_parents_own_execution()
    {
        var decision = Decide(new CreateSubOrchestrationAction { Id = 5, InstanceId = "taken", Name = "c" });

        var start = Assert.Single(decision.Starts);
        Assert.Equal(("i", Execution), (start.OnClash!.InstanceId, start.OnClash.Message.ExecutionId));
        var failed = Assert.IsType<SubOrchestrationInstanceFailed>(HistoryCodec.DecodeOne(start.OnClash.Message.Body));
        Assert.Equal(5, failed.TaskScheduledId);
    }

    static ScheduleTaskAction Task(int id, EffectClass effect) =>
        new() { Id = id, Name = "RunTool", Effect = new EffectIntent(effect, $"key{id}", "tool") };

    static TurnDecision Decide(params OrchestratorAction[] actions) => Decide(IntakeTests.Start(), actions);

    static TurnDecision Decide(ExecutionStarted start, OrchestratorAction[] actions) =>
        new Decider(Subject(start), new Ids(), s_now).Decide([new OrchestratorStarted()], actions, IntakeTests.Running());

    static TurnSubject Subject(ExecutionStarted start) => new("i", Execution, 0, "n", null, start);

    sealed class Ids : IIdSource
    {
        int _next;

        public Guid NextGuid() => new(++_next, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    }
}
