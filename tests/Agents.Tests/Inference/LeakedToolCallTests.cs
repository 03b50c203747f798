using Agents.Contracts.Transcript;
using Agents.Inference.Streaming;
using Agents.TestKit.Models;
using Xunit;

namespace Agents.Tests.Inference;

public sealed class LeakedToolCallTests
{
    const string Section =
        "<|tool_calls_section_begin|><|tool_call_begin|>functions.get_weather:3<|tool_call_argument_begin|>{\"city\": \"Rome\"}"
        + "<|tool_call_end|><|tool_call_begin|>functions.get_weather:4<|tool_call_argument_begin|>{}<|tool_call_end|>"
        + "<|tool_calls_section_end|>";

    static readonly ToolCall[] s_calls =
    [
        new(0, "functions.get_weather:3", "get_weather", "{\"city\": \"Rome\"}"),
        new(1, "functions.get_weather:4", "get_weather", "{}"),
    ];

    [Theory]
    [InlineData("content", 1)]
    [InlineData("content", 7)]
    [InlineData("reasoning_content", 3)]
    [InlineData("reasoning", 1000)]
    public async Task Raw_tokens_become_calls_and_are_not_shown(string field, int pieceLength)
    {
        await using var wire = await Wire.StartAsync();
        var pieces = ("Let me look." + Section).Chunk(pieceLength).Select(c => new string(c));
        var reply = await wire.ReplyAsync(FakeReply.Events(
            [.. pieces.Select(p => Chunks.Delta("{\"" + field + "\":" + Chunks.Quote(p) + "}")), Chunks.Finish("stop")]));

        Assert.Equal(s_calls, reply.ToolCalls);
        Assert.Equal(FinishReason.ToolCalls, reply.Finish);
        Assert.Equal("Let me look.", field == "content" ? reply.Content : reply.Reasoning);
        Assert.Equal("Let me look.", string.Concat(wire.Deltas.Select(d => d.Text)));
    }

    [Fact]
    public async Task Structured_calls_win_and_the_text_stays_text()
    {
        await using var wire = await Wire.StartAsync();
        var reply = await wire.ReplyAsync(FakeReply.Events(
            Chunks.Delta("{\"content\":" + Chunks.Quote(Section) + "}"), Chunks.Call(0, "c", "get_weather", "{}"), Chunks.Finish("tool_calls")));

        Assert.Equal([new ToolCall(0, "c", "get_weather", "{}")], reply.ToolCalls);
        Assert.Equal(Section, reply.Content);
        Assert.Equal(Section, wire.Shown(ModelDeltaKind.Content));
    }

    [Theory]
    [InlineData("The token <|tool_calls_section_begin|> opens a section.")]
    [InlineData("<|tool_call_begin|>functions.x:0<|tool_call_argument_begin|>{\"cut")]
    [InlineData("a < b and <|tool_c")]
    public async Task Text_that_only_mentions_the_tokens_stays_text(string text)
    {
        await using var wire = await Wire.StartAsync();
        var reply = await wire.ReplyAsync(FakeReply.Events(
            [.. text.Chunk(4).Select(c => Chunks.Delta("{\"content\":" + Chunks.Quote(new string(c)) + "}")), Chunks.Finish("stop")]));

        Assert.Equal(text, reply.Content);
        Assert.Equal(text, wire.Shown(ModelDeltaKind.Content));
        Assert.Empty(reply.ToolCalls);
    }

    [Fact]
    public async Task Without_tools_on_offer_nothing_is_taken_for_a_call()
    {
        await using var wire = await Wire.StartAsync();
        var reply = await wire.ReplyAsync(
            FakeReply.Events(Chunks.Delta("{\"content\":" + Chunks.Quote(Section) + "}"), Chunks.Finish("stop")), wire.Request(tools: false));

        Assert.Equal(Section, reply.Content);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(1000)]
    public async Task Think_tags_in_content_are_reasoning_when_the_servers_parser_is_off(int pieceLength)
    {
        await using var wire = await Wire.StartAsync();
        var pieces = ("<think>1 < 2, so</think>Yes." + Section).Chunk(pieceLength).Select(c => new string(c));
        var reply = await wire.ReplyAsync(FakeReply.Events(
            [.. pieces.Select(p => Chunks.Delta("{\"content\":" + Chunks.Quote(p) + "}")), Chunks.Finish("stop")]));

        Assert.Equal("1 < 2, so", reply.Reasoning);
        Assert.Equal("Yes.", reply.Content);
        Assert.Equal(s_calls, reply.ToolCalls);
        Assert.Equal("1 < 2, so", wire.Shown(ModelDeltaKind.Reasoning));
    }
}
