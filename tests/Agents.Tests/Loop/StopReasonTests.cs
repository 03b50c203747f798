using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;
using Agents.Contracts.Work;
using Xunit;
using static Agents.Tests.Loop.LoopScript;

namespace Agents.Tests.Loop;

public sealed class StopReasonTests
{
    static readonly ToolSpec s_read = Spec("read");

    static Task<RunOutput> Run(RunInput input, LoopScript script) => new FakeEngine(script.Answer).RunAsync(input);

    static LoopScript Always(ActivityOutcome reply) => new() { Model = (_, _) => reply };

    [Fact]
    public async Task A_reply_without_tool_calls_is_the_answer()
    {
        var script = Of(Asks(Call("read")), Says("four files", new TokenUsage(20, 5, 0, 7, 2)));
        var output = await Run(Input(s_read), script);

        Assert.Equal(StopReasons.Answer, output.StopReason);
        Assert.Equal("four files", output.Answer);
        Assert.Null(output.Detail);
        Assert.Equal((2, 1, 0), (output.Steps, output.ToolCalls, output.BadCalls));
        Assert.Equal(new TokenUsage(30, 5, 0, 12, 2), output.Usage);
        Assert.Null(output.CostUsd);
    }

    [Fact]
    public async Task Steps_are_limited()
    {
        var script = Always(Asks(Call("read")));
        var output = await Run(Input(s_read) with { Limits = new RunLimits { Steps = 3 } }, script);

        Assert.Equal(StopReasons.StepLimit, output.StopReason);
        Assert.Equal(3, script.Calls.Count);
        Assert.Equal(3, output.ToolCalls);
    }

    [Fact]
    public async Task Tool_calls_are_limited_before_they_run()
    {
        var script = Always(Asks(Call("read"), Call("read", index: 1)));
        var output = await Run(Input(s_read) with { Limits = new RunLimits { ToolCalls = 5 } }, script);

        Assert.Equal(StopReasons.ToolCallLimit, output.StopReason);
        Assert.Equal(4, script.Tools.Count);
        Assert.Equal(4, output.ToolCalls);
    }

    [Fact]
    public async Task Tokens_are_limited()
    {
        var script = Always(Asks(new TokenUsage(80, 0, 0, 20), Call("read")));
        var output = await Run(Input(s_read) with { Limits = new RunLimits { Tokens = 250 } }, script);

        Assert.Equal(StopReasons.TokenLimit, output.StopReason);
        Assert.Equal(300, output.Usage.Total);
    }

    [Fact]
    public async Task Money_is_limited()
    {
        var script = Always(Reply(new ModelReply
        {
            Content = "so far so good",
            ToolCalls = [Call("read")],
            Finish = FinishReason.ToolCalls,
            CostUsd = 0.4m,
        }));
        var output = await Run(Input(s_read) with { Limits = new RunLimits { Usd = 1m } }, script);

        Assert.Equal(StopReasons.CostLimit, output.StopReason);
        Assert.Equal(1.2m, output.CostUsd);
        Assert.Equal("so far so good", output.Answer);
    }

    [Fact]
    public async Task Wall_time_is_limited_at_step_boundaries()
    {
        var script = Always(Asks(Call("read")));
        var engine = new FakeEngine(script.Answer);
        script.Before = _ => engine.Now += TimeSpan.FromMinutes(4);
        var output = await engine.RunAsync(Input(s_read) with
        {
            Limits = new RunLimits { WallTime = TimeSpan.FromMinutes(10) },
        });

        Assert.Equal(StopReasons.WallTimeLimit, output.StopReason);
        Assert.Equal(2, output.Steps);
    }

    [Fact]
    public async Task Malformed_calls_in_a_row_are_limited_and_a_good_one_starts_the_count_again()
    {
        var script = new LoopScript
        {
            Model = (n, _) => n == 2 ? Asks(Call("read")) : Asks(Call("write")),
        };
        var output = await Run(Input(s_read) with { Limits = new RunLimits { BadCallsInARow = 2 } }, script);

        Assert.Equal(StopReasons.BadCalls, output.StopReason);
        Assert.Equal(6, output.Steps);
        Assert.Equal(5, output.BadCalls);
        Assert.Contains("no tool named 'write'", output.Detail);
    }

    [Fact]
    public async Task Answers_that_miss_the_schema_are_limited()
    {
        var script = Always(Says("not json"));
        var output = await Run(
            Input() with
            {
                OutputSchema = Json("""{"type":"object","required":["total"]}"""),
                Limits = new RunLimits { BadCallsInARow = 2 },
            },
            script);

        Assert.Equal(StopReasons.BadAnswer, output.StopReason);
        Assert.Equal(3, output.Steps);
        Assert.Equal("not json", output.Answer);
        Assert.Null(output.Structured);
    }

    [Theory]
    [InlineData(FinishReason.Length, StopReasons.OutputLength)]
    [InlineData(FinishReason.ContentFilter, StopReasons.ContentFilter)]
    [InlineData(FinishReason.Refusal, StopReasons.Refusal)]
    public async Task A_finish_that_is_no_answer_has_its_own_name(FinishReason finish, string stop)
    {
        var output = await Run(Input(), Of(Reply(new ModelReply { Content = "I am", Finish = finish })));

        Assert.Equal(stop, output.StopReason);
        Assert.Equal("I am", output.Answer);
    }

    [Fact]
    public async Task A_reply_cut_after_whole_tool_calls_goes_on()
    {
        var cut = Reply(new ModelReply { ToolCalls = [Call("read", """{"path":"a"}""")], Finish = FinishReason.Length });
        var output = await Run(Input(s_read), Of(cut, Says("ok")));

        Assert.Equal(StopReasons.Answer, output.StopReason);
        Assert.Equal(1, output.ToolCalls);
    }

    [Fact]
    public async Task A_reply_cut_inside_a_tool_call_ends_the_run()
    {
        var cut = Reply(new ModelReply { ToolCalls = [Call("read", """{"path":"a""")], Finish = FinishReason.Length });
        var script = Of(cut);
        var output = await Run(Input(s_read), script);

        Assert.Equal(StopReasons.OutputLength, output.StopReason);
        Assert.Empty(script.Tools);
    }

    [Fact]
    public async Task A_reply_of_reasoning_alone_is_nudged_once()
    {
        var empty = Reply(new ModelReply { Reasoning = "let me think", Finish = FinishReason.Stop });
        var script = Of(empty, Says("done"));
        var output = await Run(Input(), script);

        Assert.Equal(StopReasons.Answer, output.StopReason);
        var note = Assert.IsType<Agents.Loop.View.ViewItem.UserNote>(Assert.Single(script.Calls[1].Appended));
        Assert.Contains("neither an answer nor a tool call", note.Text);

        Assert.Equal(StopReasons.EmptyReply, (await Run(Input(), Of(empty, empty))).StopReason);
    }

    [Fact]
    public async Task A_call_that_failed_for_want_of_output_is_nudged_with_everything_it_would_have_shown()
    {
        var script = Of(Fails(ModelErrorKind.ReasoningOnly), Says("done"));
        var output = await Run(Input(), script);

        Assert.Equal(StopReasons.Answer, output.StopReason);
        Assert.Equal(1, output.Steps);
        Assert.Equal(2, script.Calls[1].Appended.Count);
        Assert.Equal(script.Calls[0].Appended[0], script.Calls[1].Appended[0]);

        var twice = await Run(Input(), Of(Fails(ModelErrorKind.ReasoningOnly), Fails(ModelErrorKind.ReasoningOnly)));
        Assert.Equal(StopReasons.EmptyReply, twice.StopReason);
    }

    [Theory]
    [InlineData(ModelErrorKind.Auth, StopReasons.ModelError)]
    [InlineData(ModelErrorKind.QuotaExhausted, StopReasons.ModelError)]
    [InlineData(ModelErrorKind.ContentFilter, StopReasons.ContentFilter)]
    [InlineData(ModelErrorKind.ContextOverflow, StopReasons.ContextOverflow)]
    public async Task A_failure_that_no_retry_mends_ends_the_run_at_once(ModelErrorKind kind, string stop)
    {
        var script = Always(Fails(kind));
        var output = await Run(Input(), script);

        Assert.Equal(stop, output.StopReason);
        Assert.Contains($"{kind} happened", output.Detail);
        Assert.Single(script.Calls);
    }

    [Fact]
    public async Task Without_a_policy_an_overflow_ends_the_run()
    {
        var script = new LoopScript { Model = (n, _) => n < 9 ? Asks(Call("read")) : Fails(ModelErrorKind.ContextOverflow) };
        var output = await Run(Input(s_read) with { Context = new ContextPolicy { Kind = "none" } }, script);

        Assert.Equal(StopReasons.ContextOverflow, output.StopReason);
        Assert.Equal(10, script.Calls.Count);
    }

    [Theory]
    [InlineData(null, "AG3001")]
    [InlineData("{", "AG3001")]
    [InlineData("[]", "AG3001")]
    public async Task An_input_that_is_no_run_fails_by_name(string? input, string code)
    {
        var end = await new FakeEngine(Of().Answer).RunRawAsync(input);

        Assert.Equal(Contracts.Instances.OrchestrationStatus.Failed, end.Status);
        Assert.Contains(code, end.Failure!.ErrorMessage);
    }

    [Fact]
    public async Task An_unknown_policy_or_a_schema_that_reaches_outside_fails_by_name()
    {
        var policy = await Assert.ThrowsAsync<InvalidOperationException>(
            () => Run(Input() with { Context = new ContextPolicy { Kind = "guess" } }, Of()));
        Assert.Contains("AG3002", policy.Message);

        var schema = await Assert.ThrowsAsync<InvalidOperationException>(
            () => Run(Input() with { OutputSchema = Json("""{"$ref":"http://elsewhere.invalid/s.json"}""") }, Of()));
        Assert.Contains("AG3003", schema.Message);
    }
}
