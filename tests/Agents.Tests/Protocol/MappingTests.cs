using Agents.Contracts.Actions;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Engine.History;
using Agents.Protocol.Mapping;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Xunit;
using Wire = Agents.Protocol;

namespace Agents.Tests.Protocol;

/// <summary>Nouns to messages and back.</summary>
public sealed class MappingTests
{
    static readonly TraceLink s_trace = new("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "a=b");

    public static TheoryData<OrchestratorAction> Actions =>
    [
        new ScheduleTaskAction
        {
            Id = 0, Name = "A", Version = "", Input = "\"\"", Trace = s_trace, Tags = new SortedDictionary<string, string> { ["k"] = "" },
        },
        new CreateTimerAction { Id = 1, FireAt = new DateTimeOffset(2526, 1, 2, 3, 4, 5, 6, TimeSpan.Zero) },
        new CreateSubOrchestrationAction { Id = 2, InstanceId = "child", Name = "C", Input = "null", Trace = s_trace },
        new SendEventAction { Id = 3, InstanceId = "other", Name = "", Input = "0" },
        new TerminateOrchestrationAction { Id = 4, InstanceId = "other", Reason = "", Recurse = true },
        new CompleteOrchestrationAction
        {
            Id = 5, Status = OrchestrationStatus.Failed, Result = "",
            Failure = new FailureDetails("T", "m", "s", new FailureDetails("I", "n"), true) { Properties = "{ \"n\": 1 }" },
        },
    ];

    [Theory]
    [MemberData(nameof(Actions))]
    public void An_action_comes_back_as_it_went(OrchestratorAction action)
    {
        var wire = Wire.OrchestratorAction.Parser.ParseFrom(ActionWire.ToWire(action).ToByteArray());
        var back = ActionWire.FromWire(wire);

        Assert.Equivalent(action, back, strict: true);
    }

    [Fact]
    public void Events_read_the_same_through_the_mapping_and_through_the_stored_encoding()
    {
        foreach (var row in StoredEventsOnTheWireTests.Events)
        {
            var e = row.Data.Item1;

            Assert.Equal(Wire.HistoryEvent.Parser.ParseFrom(HistoryCodec.ToProtocol(e, withExtras: false)), HistoryWire.ToWire(e));
        }
    }

    [Fact]
    public void Traces_and_failure_properties_live_through_the_store()
    {
        HistoryEvent[] events =
        [
            new TaskScheduled { EventId = 1, Name = "A", Trace = s_trace },
            new SubOrchestrationInstanceCreated { EventId = 2, InstanceId = "c", Name = "C", Trace = s_trace },
            new ExecutionStarted { Name = "O", InstanceId = "i", ExecutionId = new string('a', 32), Trace = s_trace },
            new TaskFailed { TaskScheduledId = 1, Failure = new FailureDetails("T", "m") { Properties = "{ \"n\": [1, null] }" } },
        ];

        foreach (var e in events)
        {
            Assert.Equal(e, HistoryCodec.DecodeOne(HistoryCodec.EncodeOne(e)));
        }

        var failed = HistoryWire.ToWire(events[3]).TaskFailed.FailureDetails;
        Assert.Equal(Value.ForNumber(1), failed.Properties["n"].ListValue.Values[0]);
        Assert.Equal(s_trace.TraceParent, HistoryWire.ToWire(events[0]).TaskScheduled.ParentTraceContext.TraceParent);
    }

    [Fact]
    public void A_rewound_execution_reads_as_the_one_it_is_now()
    {
        var started = new ExecutionStarted { Name = "O", InstanceId = "i", ExecutionId = new string('a', 32) };

        Assert.Equal("now", HistoryWire.ToWire(started, "now").ExecutionStarted.OrchestrationInstance.ExecutionId);
    }

    public static TheoryData<Wire.OrchestratorAction> Nonsense =>
    [
        new Wire.OrchestratorAction { Id = 1 },
        new Wire.OrchestratorAction { Id = 1, ScheduleTask = new() },
        new Wire.OrchestratorAction { Id = 1, CreateTimer = new() },
        new Wire.OrchestratorAction { Id = 1, CreateSubOrchestration = new() { Name = "C" } },
        new Wire.OrchestratorAction { Id = 1, CreateSubOrchestration = new() { Name = "C", InstanceId = new string('x', 101) } },
        new Wire.OrchestratorAction { Id = 1, SendEvent = new() { Name = "e" } },
        new Wire.OrchestratorAction { Id = 1, RewindOrchestration = new() },
        new Wire.OrchestratorAction { Id = 1, CompleteOrchestration = new() { OrchestrationStatus = Wire.OrchestrationStatus.Running } },
        new Wire.OrchestratorAction
        {
            Id = 1,
            CompleteOrchestration = new()
            {
                OrchestrationStatus = Wire.OrchestrationStatus.ContinuedAsNew,
                CarryoverEvents = { new Wire.HistoryEvent { TimerFired = new() } },
            },
        },
    ];

    [Theory]
    [MemberData(nameof(Nonsense))]
    public void What_means_nothing_is_refused_by_name(Wire.OrchestratorAction wire)
    {
        Assert.NotEmpty(Assert.Throws<WireException>(() => ActionWire.FromWire(wire)).Message);
    }
}
