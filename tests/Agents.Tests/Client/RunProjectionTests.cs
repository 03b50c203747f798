using System.Text.Json;
using Agents.Client.Progress;
using Agents.Client.Runs;
using Agents.Contracts;
using Agents.Contracts.Client;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;
using Xunit;

namespace Agents.Tests.Client;

public sealed class RunProjectionTests
{
    static readonly DateTimeOffset s_start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    /// <summary>A run of two steps: one tool call, streamed in part, then the answer.</summary>
    static IReadOnlyList<StreamItem> TwoSteps(ReasoningPolicy reasoning = ReasoningPolicy.Store) =>
    [
        Event(0, new ExecutionStarted
        {
            Name = "AgentRun", InstanceId = "r", ExecutionId = new string('0', 32), Input = Input(reasoning),
        }),
        Event(1, new TaskScheduled { EventId = 0, Name = "CallModel", Input = """{"v":1,"n":1,"a":[0]}""" }),
        new StreamItem.Delta(new StreamOffset(0, 1, 1, 0), 0, 1, "reasoning", "I look "),
        Event(2, new TaskCompleted { TaskScheduledId = 0, Result = Reply("I look first.", null, new ToolCall(0, "c0", "read_file", """{"path":"a"}""")) },
            new Dictionary<string, int> { ["reasoning"] = 7 }),
        Event(3, new TaskScheduled { EventId = 1, Name = "RunTool", Input = """{"v":1,"m":2,"i":0}""" }),
        Event(4, new TaskCompleted { TaskScheduledId = 1, Result = Json(new ToolReply { Content = "text", DurationMs = 5 }) }),
        Event(5, new TaskScheduled { EventId = 2, Name = "CallModel", Input = """{"v":1,"p":0,"n":2,"a":[2,4]}""" }),
        Event(6, new TaskCompleted { TaskScheduledId = 2, Result = Reply(null, "done") }),
        Event(7, new ExecutionCompleted
        {
            Status = OrchestrationStatus.Completed,
            Result = JsonSerializer.Serialize(
                new RunOutput { StopReason = StopReasons.Answer, Answer = "done", Steps = 2, ToolCalls = 1, Model = "m" },
                ContractsJson.Default.RunOutput),
        }),
    ];

    static StreamItem.Event Event(long sequence, HistoryEvent e, IReadOnlyDictionary<string, int>? shown = null) => new(
        new StreamOffset(0, sequence, 0, 0), e with { Timestamp = s_start.AddSeconds(sequence) }, shown);

    static string Input(ReasoningPolicy reasoning) => JsonSerializer.Serialize(
        new RunInput
        {
            Name = "n", Goal = "g", Reasoning = reasoning, Limits = new RunLimits { Steps = 9 },
            Model = new ModelProfile { Name = "m", Model = "m", BaseUrl = "http://x/v1" },
        },
        ContractsJson.Default.RunInput);

    static string Reply(string? reasoning, string? content, params ToolCall[] calls) => JsonSerializer.Serialize(
        new ModelReply
        {
            Reasoning = reasoning, Content = content, ToolCalls = calls, Usage = new TokenUsage(InMiss: 10, Out: 2), CostUsd = 0.5m,
            Finish = calls.Length > 0 ? FinishReason.ToolCalls : FinishReason.Stop, Model = "m",
        },
        ContractsJson.Default.ModelReply);

    static string Json(ToolReply reply) => JsonSerializer.Serialize(reply, ContractsJson.Default.ToolReply);

    static List<RunEvent> Project(IEnumerable<StreamItem> items)
    {
        var projection = new RunProjection();
        return [.. items.SelectMany(i => projection.Apply(i).ToList())];
    }

    [Fact]
    public void Streamed_and_stored_text_join_without_a_repeat()
    {
        var reasoning = Project(TwoSteps()).OfType<RunEvent.Reasoning>().Select(r => r.Text);

        Assert.Equal("I look first.", string.Concat(reasoning));
    }

    [Fact]
    public void Every_event_has_a_place_of_its_own_in_order()
    {
        var offsets = Project(TwoSteps()).Select(e => e.Offset).ToList();

        Assert.Equal(offsets.Distinct().Order(), offsets);
    }

    [Fact]
    public void A_tool_call_and_its_result_name_the_same_call()
    {
        var events = Project(TwoSteps());
        var call = Assert.Single(events.OfType<RunEvent.ToolCall>());
        var result = Assert.Single(events.OfType<RunEvent.ToolResult>());

        Assert.Equal((1, 0, "read_file"), (call.Step, call.Call, call.Tool));
        Assert.Equal((call.Step, call.Call, call.Tool), (result.Step, result.Call, result.Tool));
        Assert.Equal("text", result.Result);
    }

    [Fact]
    public void Redacted_reasoning_reaches_no_reader()
    {
        var events = Project(TwoSteps(ReasoningPolicy.Redact));

        Assert.Empty(events.OfType<RunEvent.Reasoning>());
        Assert.NotEmpty(events.OfType<RunEvent.Content>());
    }

    [Fact]
    public void A_failed_model_call_takes_its_text_back_and_the_next_is_another_attempt()
    {
        var items = TwoSteps().Take(3).ToList();
        items.Add(Event(2, new TaskFailed { TaskScheduledId = 0, Failure = new FailureDetails("Overloaded", "busy") }));
        items.Add(Event(3, new TaskScheduled { EventId = 4, Name = "CallModel", Input = """{"v":1,"n":1,"a":[0]}""" }));
        items.Add(Event(4, new TaskCompleted { TaskScheduledId = 4, Result = Reply("again", "done") }));

        var events = Project(items);

        var retract = Assert.Single(events.OfType<RunEvent.Retract>());
        Assert.Equal(1, retract.Attempt);
        Assert.Equal([1, 2], events.OfType<RunEvent.Reasoning>().Select(r => r.Attempt));
        Assert.Contains(events.OfType<RunEvent.Status>(), s => s.Note?.Contains("busy", StringComparison.Ordinal) == true);
    }

    [Fact]
    public void A_wait_for_the_next_attempt_says_until_when()
    {
        var at = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        var items = TwoSteps().Take(3).ToList();
        items.Add(Event(2, new TaskFailed { TaskScheduledId = 0, Failure = new FailureDetails("Model.RateLimited", "AG4005: slow down") }));
        items.Add(Event(3, new TimerCreated { EventId = 3, FireAt = at }));
        items.Add(Event(4, new TimerCreated { EventId = 4, FireAt = at.AddDays(1) }));

        var notes = Project(items).OfType<RunEvent.Status>().Select(s => s.Note).ToArray();

        Assert.Equal(["model call failed, AG4005: slow down", "the next attempt is at 03:04:05 UTC"], notes[^2..]);
    }

    [Fact]
    public void A_second_attempt_of_the_same_task_is_told_apart()
    {
        var items = TwoSteps().Take(3).ToList();
        items.Add(new StreamItem.Retract(new StreamOffset(0, 1, 2, 0), 0, 1));
        items.Add(new StreamItem.Delta(new StreamOffset(0, 1, 3, 0), 0, 2, "reasoning", "I look first."));

        var events = Project(items);

        Assert.Equal(1, Assert.Single(events.OfType<RunEvent.Retract>()).Attempt);
        Assert.Equal(2, events.OfType<RunEvent.Reasoning>().Last().Attempt);
    }

    [Fact]
    public void A_refused_call_is_answered_by_the_loop()
    {
        var items = TwoSteps().Take(4).ToList();
        items.Add(Event(3, new TaskScheduled
        {
            EventId = 2, Name = "CallModel", Input = """{"v":1,"p":0,"n":2,"a":[2,{"role":"tool","m":2,"i":0,"text":"no such tool"}]}""",
        }));

        var result = Assert.Single(Project(items).OfType<RunEvent.ToolResult>());

        Assert.True(result.IsError);
        Assert.Equal("no such tool", result.Result);
    }

    [Fact]
    public void Events_survive_their_text_form()
    {
        foreach (var e in Project(TwoSteps()))
        {
            var read = RunEventJson.Read(e.Offset, RunEventJson.NameOf(e), RunEventJson.Write(e));

            Assert.Equal(RunEventJson.Write(e), RunEventJson.Write(read!));
            Assert.Equal(e.GetType(), read!.GetType());
        }
    }

    [Fact]
    public void The_fold_tells_where_the_run_stands()
    {
        var events = Project(TwoSteps());
        var midway = events.TakeWhile(e => e is not RunEvent.ToolResult).Aggregate(RunProgress.Empty, RunFold.Apply);
        var end = events.Aggregate(RunProgress.Empty, RunFold.Apply);

        Assert.Equal((1, 9, 1), (midway.Step, midway.StepsMax, midway.ToolCalls));
        Assert.Equal("read_file", Assert.Single(midway.Pending).Tool);
        Assert.Equal("I look first.", midway.Reasoning);
        Assert.Equal((RunStatuses.Completed, 2, 0), (end.Status, end.Step, end.Pending.Count));
        Assert.Equal(new SlowestStep(1, 4000), end.Slowest);
    }
}
