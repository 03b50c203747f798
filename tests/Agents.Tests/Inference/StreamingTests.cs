using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;
using Agents.Inference.Streaming;
using Agents.TestKit.Models;
using Xunit;

namespace Agents.Tests.Inference;

public sealed class StreamingTests
{
    [Theory]
    [InlineData("reasoning_content")]
    [InlineData("reasoning")]
    public async Task Reasoning_is_read_under_both_names(string field)
    {
        await using var wire = await Wire.StartAsync();
        var reply = await wire.ReplyAsync(FakeReply.Events(
            Chunks.Delta($$"""{"role":"assistant","{{field}}":"I should "}"""),
            Chunks.Delta($$"""{"{{field}}":"look."}"""),
            Chunks.Delta("""{"content":"Sunny."}"""),
            Chunks.Finish("stop")));

        Assert.Equal("I should look.", reply.Reasoning);
        Assert.Equal("Sunny.", reply.Content);
        Assert.Equal("I should look.", wire.Shown(ModelDeltaKind.Reasoning));
        Assert.Equal("Sunny.", wire.Shown(ModelDeltaKind.Content));
    }

    [Fact]
    public async Task Reasoning_sent_under_both_names_at_once_counts_once()
    {
        await using var wire = await Wire.StartAsync();
        var reply = await wire.ReplyAsync(FakeReply.Events(
            Chunks.Delta("""{"reasoning_content":"a","reasoning":"a"}"""),
            Chunks.Delta("""{"reasoning_content":"","reasoning":"b"}"""),
            Chunks.Delta("""{"content":"c"}"""),
            Chunks.Finish("stop")));

        Assert.Equal("ab", reply.Reasoning);
    }

    [Fact]
    public async Task Comments_blank_lines_unknown_fields_and_odd_chunks_are_passed_over()
    {
        await using var wire = await Wire.StartAsync();
        var reply = await wire.ReplyAsync(FakeReply.Raw(
            ": keep-alive\n\n", "\n\n", "event: ping\ndata:  \n\n", "id: 7\nretry: 10\n\n",
            "data: {\"object\":\"whatever\",\"surprise\":[1,2]}\n\n",
            "data: {\"choices\":null}\n\n",
            "data: {\"choices\":[null,{\"index\":1,\"delta\":{\"content\":\"other\"}}]}\n\n",
            "data: " + Chunks.Delta("""{"content":"yes","annotations":[],"audio":null}""", more: ""","matched_stop":3""") + "\r\n\r\n",
            "data: " + Chunks.Finish("stop") + "\n\n", "data: [DONE]\n\n"));

        Assert.Equal("yes", reply.Content);
        Assert.Null(reply.Reasoning);
        Assert.Equal(FinishReason.Stop, reply.Finish);
    }

    [Fact]
    public async Task Arguments_are_kept_byte_for_byte_even_when_they_are_no_json()
    {
        await using var wire = await Wire.StartAsync();
        var reply = await wire.ReplyAsync(FakeReply.Events(
            Chunks.Call(0, "functions.get_weather:0", "get_weather", ""),
            Chunks.Delta("""{"tool_calls":[{"index":0,"function":{"arguments":"{\"city\" :  "}}]}"""),
            Chunks.Delta("""{"tool_calls":[{"index":0,"function":{"arguments":"\"Münch\u0065n\" }\n"}}]}"""),
            Chunks.Call(1, "functions.get_weather:1", "get_weather", "{broken"),
            Chunks.Finish("tool_calls")));

        Assert.Equal(
            [
                new ToolCall(0, "functions.get_weather:0", "get_weather", "{\"city\" :  \"München\" }\n"),
                new ToolCall(1, "functions.get_weather:1", "get_weather", "{broken"),
            ],
            reply.ToolCalls);
        Assert.Equal(FinishReason.ToolCalls, reply.Finish);
        Assert.Contains("get_weather{\"city\"", wire.Shown(ModelDeltaKind.ToolCall), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fragments_without_index_or_id_go_on_with_the_last_call()
    {
        await using var wire = await Wire.StartAsync();
        var reply = await wire.ReplyAsync(FakeReply.Events(
            Chunks.Delta("""{"tool_calls":[{"index":null,"id":"a1","function":{"name":"one","arguments":"{"}}]}"""),
            Chunks.Delta("""{"tool_calls":[{"id":null,"function":{"name":null,"arguments":"}"}}]}"""),
            Chunks.Delta("""{"tool_calls":[{"id":"a2","function":{"name":"two","arguments":"{}"}}]}"""),
            Chunks.Finish("tool_calls")));

        Assert.Equal([new ToolCall(0, "a1", "one", "{}"), new ToolCall(1, "a2", "two", "{}")], reply.ToolCalls);
    }

    [Fact]
    public async Task Calls_that_are_all_numbered_zero_stay_apart_by_id()
    {
        await using var wire = await Wire.StartAsync();
        var reply = await wire.ReplyAsync(FakeReply.Events(
            Chunks.Call(0, "x", "one", "{}"), Chunks.Call(0, "y", "two", "[]"), Chunks.Finish("tool_calls")));

        Assert.Equal(["one", "two"], reply.ToolCalls.Select(c => c.Name));
    }

    [Fact]
    public async Task A_repeated_name_is_taken_once_and_null_ids_get_one()
    {
        await using var wire = await Wire.StartAsync();
        var reply = await wire.ReplyAsync(FakeReply.Events(
            Chunks.Delta("""{"tool_calls":[{"index":0,"id":null,"function":{"name":"one","arguments":"{\"a\""}}]}"""),
            Chunks.Delta("""{"tool_calls":[{"index":0,"id":null,"function":{"name":"one","arguments":":1}"}}]}"""),
            Chunks.Finish("tool_calls")));

        Assert.Equal([new ToolCall(0, "call_0", "one", "{\"a\":1}")], reply.ToolCalls);
    }

    [Fact]
    public async Task A_stop_with_calls_is_a_tool_call_step()
    {
        await using var wire = await Wire.StartAsync();
        var reply = await wire.ReplyAsync(FakeReply.Events(Chunks.Call(0, "x", "one", "{}"), Chunks.Finish("stop")));

        Assert.Equal(FinishReason.ToolCalls, reply.Finish);
    }

    [Fact]
    public async Task An_emoji_cut_in_two_between_events_comes_out_whole()
    {
        await using var wire = await Wire.StartAsync();
        var reply = await wire.ReplyAsync(FakeReply.Events(
            Chunks.Delta("""{"content":"go \ud83d"}"""), Chunks.Delta("""{"content":"\ude00 on"}"""), Chunks.Finish("stop")));

        Assert.Equal("go 😀 on", reply.Content);
        Assert.Equal("go 😀 on", wire.Shown(ModelDeltaKind.Content));
    }

    [Fact]
    public async Task A_server_that_does_not_stream_is_read_all_the_same()
    {
        await using var wire = await Wire.StartAsync();
        var reply = await wire.ReplyAsync(FakeReply.Json(200, """


            {"id":"1","model":"m","choices":[{"index":0,"finish_reason":"tool_calls","message":{"role":"assistant",
            "content":null,"reasoning":"hm","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]}}],
            "usage":{"prompt_tokens":10,"completion_tokens":2}}
            """));

        Assert.Equal("hm", reply.Reasoning);
        Assert.Equal([new ToolCall(0, "c", "f", "{}")], reply.ToolCalls);
        Assert.Equal(new TokenUsage(10, Out: 2), reply.Usage);
        Assert.Equal("m", reply.Model);
    }

    [Theory]
    [InlineData("length", FinishReason.Length)]
    [InlineData("max_tokens", FinishReason.Length)]
    [InlineData("content_filter", FinishReason.ContentFilter)]
    [InlineData("end_turn", FinishReason.Stop)]
    public async Task Known_finish_reasons_are_told_apart(string word, FinishReason expected)
    {
        await using var wire = await Wire.StartAsync();
        var reply = await wire.ReplyAsync(FakeReply.Events(Chunks.Delta("""{"content":"x"}"""), Chunks.Finish(word)));

        Assert.Equal(expected, reply.Finish);
    }

    [Theory]
    [InlineData("abort")]
    [InlineData("aborted")]
    [InlineData("error")]
    [InlineData("insufficient_system_resource")]
    [InlineData("a_word_of_tomorrow")]
    public async Task Any_other_finish_reason_fails_the_attempt(string word)
    {
        await using var wire = await Wire.StartAsync();
        var error = await wire.ErrorAsync(FakeReply.Events(Chunks.Delta("""{"content":"half an ans"}"""), Chunks.Finish(word)));

        Assert.Equal(ModelErrorKind.Transient, error.Kind);
        Assert.Contains(word, error.Message, StringComparison.Ordinal);
        Assert.False(error.ToFailure().IsNonRetriable);
        Assert.NotNull(error.Usage);
    }

    [Fact]
    public async Task Done_without_a_finish_reason_is_no_answer()
    {
        await using var wire = await Wire.StartAsync();
        var error = await wire.ErrorAsync(FakeReply.Events(Chunks.Delta("""{"content":"half"}""")));

        Assert.Equal(ModelErrorKind.Transient, error.Kind);
        Assert.Contains("AG4013", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_end_of_the_stream_without_a_finish_reason_is_no_answer()
    {
        await using var wire = await Wire.StartAsync();
        var error = await wire.ErrorAsync(FakeReply.Raw($"data: {Chunks.Delta("""{"content":"half"}""")}\n\n"));

        Assert.Equal(ModelErrorKind.Transient, error.Kind);
    }

    [Fact]
    public async Task A_cut_connection_fails_the_attempt()
    {
        await using var wire = await Wire.StartAsync();
        var error = await wire.ErrorAsync(FakeReply.Cut(Chunks.Delta("""{"reasoning":"half"}""")));

        Assert.Equal(ModelErrorKind.Transient, error.Kind);
        Assert.Contains("AG4011", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_cut_behind_the_finish_reason_does_not_undo_the_reply()
    {
        await using var wire = await Wire.StartAsync();

        // Cut only once the caller has the finish: a reset may throw away what it has not read yet.
        var read = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        wire.Server.Enqueue(new FakeReply
        {
            Parts =
            [
                new FakePart.Text($"data: {Chunks.Delta("""{"content":"whole"}""", "\"stop\"")}\n\n"),
                new FakePart.Wait(read.Task),
                new FakePart.CutOff(),
            ],
        });
        var outcome = await wire.Client.CallAsync(wire.Request(), _ => read.TrySetResult(), TestContext.Current.CancellationToken);

        Assert.Equal("whole", Assert.IsType<ModelOutcome.Replied>(outcome).Reply.Content);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_a_transient_failure()
    {
        await using var wire = await Wire.StartAsync();
        await wire.Server.DisposeAsync();
        var outcome = await wire.CallAsync();

        Assert.Equal(ModelErrorKind.Transient, Assert.IsType<ModelOutcome.Failed>(outcome).Error.Kind);
    }

    [Fact]
    public async Task Reasoning_without_an_answer_has_its_own_kind()
    {
        await using var wire = await Wire.StartAsync();
        var error = await wire.ErrorAsync(FakeReply.Events(
            Chunks.Delta("""{"reasoning_content":"hm hm"}"""), Chunks.Delta("""{"content":"\n"}"""), Chunks.Finish("stop")));

        Assert.Equal(ModelErrorKind.ReasoningOnly, error.Kind);
    }

    [Theory]
    [InlineData("stop", ModelErrorKind.EmptyReply)]
    [InlineData("tool_calls", ModelErrorKind.Transient)]
    public async Task A_reply_of_nothing_is_no_answer(string finish, ModelErrorKind expected)
    {
        await using var wire = await Wire.StartAsync();
        var error = await wire.ErrorAsync(FakeReply.Events(Chunks.Delta("""{"content":""}"""), Chunks.Finish(finish)));

        Assert.Equal(expected, error.Kind);
    }

    [Fact]
    public async Task A_refusal_is_told_apart()
    {
        await using var wire = await Wire.StartAsync();
        var reply = await wire.ReplyAsync(FakeReply.Events(
            Chunks.Delta("""{"refusal":"I will not."}"""), Chunks.Finish("stop")));

        Assert.Equal(FinishReason.Refusal, reply.Finish);
        Assert.Equal("I will not.", reply.Content);
    }

    [Fact]
    public async Task The_callers_cancel_throws_and_reaches_the_server()
    {
        await using var wire = await Wire.StartAsync();
        wire.Server.Enqueue(FakeReply.Silent(Chunks.Delta("""{"content":"a"}""")));
        using var cancel = new CancellationTokenSource();
        var call = wire.CallAsync(cancel: cancel.Token);
        await wire.Server.Silent;
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await wire.Server.CallerLeft.WaitAsync(TestContext.Current.CancellationToken);
    }
}
