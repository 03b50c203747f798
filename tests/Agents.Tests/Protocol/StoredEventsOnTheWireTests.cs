using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Engine.History;
using Google.Protobuf;
using Xunit;
using Wire = Agents.Protocol;

namespace Agents.Tests.Protocol;

/// <summary>What the engine stores, read by an independent implementation of the protocol's encoding, and back.</summary>
public sealed class StoredEventsOnTheWireTests
{
    static readonly DateTimeOffset s_at = new(2026, 3, 4, 5, 6, 7, 123, TimeSpan.Zero);
    static readonly FailureDetails s_failure = new(
        "System.Boom", "it broke: ünïcode", "at x", new FailureDetails("Inner", "why"), IsNonRetriable: true);

    public static TheoryData<HistoryEvent, Wire.HistoryEvent.EventTypeOneofCase> Events => new()
    {
        { new OrchestratorStarted { Timestamp = s_at }, Wire.HistoryEvent.EventTypeOneofCase.OrchestratorStarted },
        {
            new ExecutionStarted
            {
                Timestamp = s_at, Name = "AgentRun", Version = "1", Input = "{\"a\":\"\\u0000\"}", InstanceId = "run",
                ExecutionId = "0123456789abcdef0123456789abcdef", Generation = 3, IdentitySeed = "seed",
                Parent = new ParentInstance("p", "fedcba9876543210fedcba9876543210", 4, "Parent", ""),
                ScheduledStart = s_at.AddHours(1), Tags = new Dictionary<string, string> { ["k"] = "v", ["empty"] = "" },
            },
            Wire.HistoryEvent.EventTypeOneofCase.ExecutionStarted
        },
        {
            new ExecutionCompleted { EventId = 9, Timestamp = s_at, Status = OrchestrationStatus.Failed, Result = "", Failure = s_failure },
            Wire.HistoryEvent.EventTypeOneofCase.ExecutionCompleted
        },
        { new ExecutionTerminated { Timestamp = s_at, Input = "\"x\"", Recurse = true }, Wire.HistoryEvent.EventTypeOneofCase.ExecutionTerminated },
        {
            new TaskScheduled
            {
                EventId = 0, Timestamp = s_at, Name = "RunTool", Version = "2", Input = "{}",
                Effect = new EffectIntent(EffectClass.AtMostOnce, new string('a', 64), "pay"),
                Tags = new Dictionary<string, string> { ["t"] = "1" },
            },
            Wire.HistoryEvent.EventTypeOneofCase.TaskScheduled
        },
        { new TaskCompleted { Timestamp = s_at, TaskScheduledId = 0, Result = "nul:\0 end" }, Wire.HistoryEvent.EventTypeOneofCase.TaskCompleted },
        { new TaskFailed { Timestamp = s_at, TaskScheduledId = 5, Failure = s_failure }, Wire.HistoryEvent.EventTypeOneofCase.TaskFailed },
        {
            new SubOrchestrationInstanceCreated { EventId = 1, Timestamp = s_at, InstanceId = "c", Name = "Child", Input = "1" },
            Wire.HistoryEvent.EventTypeOneofCase.SubOrchestrationInstanceCreated
        },
        {
            new SubOrchestrationInstanceCompleted { Timestamp = s_at, TaskScheduledId = 1, Result = null },
            Wire.HistoryEvent.EventTypeOneofCase.SubOrchestrationInstanceCompleted
        },
        {
            new SubOrchestrationInstanceFailed { Timestamp = s_at, TaskScheduledId = 1, Failure = s_failure },
            Wire.HistoryEvent.EventTypeOneofCase.SubOrchestrationInstanceFailed
        },
        { new TimerCreated { EventId = 2, Timestamp = s_at, FireAt = s_at.AddDays(2) }, Wire.HistoryEvent.EventTypeOneofCase.TimerCreated },
        { new TimerFired { Timestamp = s_at, TimerId = 2, FireAt = s_at.AddDays(2) }, Wire.HistoryEvent.EventTypeOneofCase.TimerFired },
        { new EventSent { EventId = 3, Timestamp = s_at, InstanceId = "o", Name = "n", Input = "null" }, Wire.HistoryEvent.EventTypeOneofCase.EventSent },
        { new EventRaised { Timestamp = s_at, Name = "Steer", Input = "{}" }, Wire.HistoryEvent.EventTypeOneofCase.EventRaised },
        { new ExecutionSuspended { Timestamp = s_at, Reason = "lunch" }, Wire.HistoryEvent.EventTypeOneofCase.ExecutionSuspended },
        { new ExecutionResumed { Timestamp = s_at }, Wire.HistoryEvent.EventTypeOneofCase.ExecutionResumed },
        { new ExecutionRewound { Timestamp = s_at, Reason = "again" }, Wire.HistoryEvent.EventTypeOneofCase.ExecutionRewound },
    };

    [Theory]
    [MemberData(nameof(Events))]
    public void An_outside_reader_knows_every_stored_event(HistoryEvent e, Wire.HistoryEvent.EventTypeOneofCase type)
    {
        var read = Wire.HistoryEvent.Parser.ParseFrom(HistoryCodec.EncodeOne(e));

        Assert.Equal(type, read.EventTypeCase);
        Assert.Equal(e.EventId, read.EventId);
        Assert.Equal(e.Timestamp, read.Timestamp.ToDateTimeOffset());
    }

    [Theory]
    [MemberData(nameof(Events))]
    public void An_outside_writer_gives_back_the_same_event(HistoryEvent e, Wire.HistoryEvent.EventTypeOneofCase type)
    {
        // Re-encoded by the generated code (unknown extras kept), read by ours.
        var bytes = Wire.HistoryEvent.Parser.ParseFrom(HistoryCodec.EncodeOne(e)).ToByteArray();

        Assert.Equal(HistoryCodec.EncodeOne(e), HistoryCodec.EncodeOne(HistoryCodec.DecodeOne(bytes)));
        Assert.NotEqual(Wire.HistoryEvent.EventTypeOneofCase.None, type);
    }

    [Fact]
    public void Fields_stand_where_the_protocol_has_them()
    {
        var started = Read<ExecutionStarted>(1).ExecutionStarted;
        Assert.Equal(("AgentRun", "1", "run"), (started.Name, started.Version, started.OrchestrationInstance.InstanceId));
        Assert.Equal("0123456789abcdef0123456789abcdef", started.OrchestrationInstance.ExecutionId);
        Assert.Equal((4, "Parent", "", "p"), (
            started.ParentInstance.TaskScheduledId, started.ParentInstance.Name, started.ParentInstance.Version,
            started.ParentInstance.OrchestrationInstance.InstanceId));
        Assert.Equal(s_at.AddHours(1), started.ScheduledStartTimestamp.ToDateTimeOffset());
        Assert.Equal("", started.Tags["empty"]);

        var completed = Read<ExecutionCompleted>(2).ExecutionCompleted;
        Assert.Equal((Wire.OrchestrationStatus.Failed, ""), (completed.OrchestrationStatus, completed.Result));
        Assert.Equal(("it broke: ünïcode", "Inner", true), (
            completed.FailureDetails.ErrorMessage, completed.FailureDetails.InnerFailure.ErrorType,
            completed.FailureDetails.IsNonRetriable));

        Assert.Equal("nul:\0 end", Read<TaskCompleted>(5).TaskCompleted.Result);
        Assert.Null(Read<SubOrchestrationInstanceCompleted>(8).SubOrchestrationInstanceCompleted.Result);
        Assert.Equal((2, s_at.AddDays(2)), (
            Read<TimerFired>(11).TimerFired.TimerId, Read<TimerFired>(11).TimerFired.FireAt.ToDateTimeOffset()));
    }

    static Wire.HistoryEvent Read<T>(int index)
        where T : HistoryEvent
    {
        var e = Assert.IsType<T>(Events.ElementAt(index).Data.Item1);
        return Wire.HistoryEvent.Parser.ParseFrom(HistoryCodec.ToProtocol(e, withExtras: false));
    }
}
