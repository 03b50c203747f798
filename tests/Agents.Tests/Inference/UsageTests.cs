using Agents.Contracts.Transcript;
using Agents.TestKit.Models;
using Xunit;

namespace Agents.Tests.Inference;

public sealed class UsageTests
{
    public static TheoryData<string, string, long, long, long, long, long> Spellings => new()
    {
        { "OpenAI", """{"prompt_tokens":100,"completion_tokens":20,"prompt_tokens_details":{"cached_tokens":64,"cache_write_tokens":6},"completion_tokens_details":{"reasoning_tokens":7}}""", 30, 64, 6, 20, 7 },
        { "Moonshot", """{"prompt_tokens":100,"completion_tokens":20,"cached_tokens":64}""", 36, 64, 0, 20, 0 },
        { "DeepSeek", """{"prompt_tokens":100,"completion_tokens":20,"prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":36}""", 36, 64, 0, 20, 0 },
        { "SGLang", """{"prompt_tokens":100,"completion_tokens":20,"reasoning_tokens":9,"prompt_tokens_details":null}""", 100, 0, 0, 20, 9 },
        { "Responses style", """{"input_tokens":100,"output_tokens":20,"input_tokens_details":{"cached_tokens":64},"output_tokens_details":{"reasoning_tokens":7}}""", 36, 64, 0, 20, 7 },
        { "Anthropic style", """{"input_tokens":10,"output_tokens":4,"cache_read_input_tokens":85,"cache_creation_input_tokens":5}""", 10, 85, 5, 4, 0 },
        { "nonsense in it", """{"prompt_tokens":"many","completion_tokens":-4,"cached_tokens":1e300,"total_tokens":null}""", 0, 0, 0, 0, 0 },
    };

    [Theory]
    [MemberData(nameof(Spellings))]
    public async Task Every_spelling_ends_in_the_four_buckets(
        string who, string usage, long miss, long hit, long write, long output, long reasoning)
    {
        await using var wire = await Wire.StartAsync();
        var expected = new TokenUsage(miss, hit, write, output, reasoning);
        var last = await wire.ReplyAsync(FakeReply.Events(
            Chunks.Delta("""{"content":"x"}"""), Chunks.Finish("stop"), """{"choices":[],"usage":""" + usage + "}"));
        Assert.True(expected == last.Usage, $"{who}, last chunk: {last.Usage}");

        var inChoice = await wire.ReplyAsync(FakeReply.Events(
            Chunks.Delta("""{"content":"x"}"""), Chunks.Delta("{}", "\"stop\"", ",\"usage\":" + usage)));
        Assert.True(expected == inChoice.Usage, $"{who}, in the choice: {inChoice.Usage}");
    }

    [Fact]
    public async Task The_timings_of_llama_cpp_are_enough()
    {
        await using var wire = await Wire.StartAsync();
        var reply = await wire.ReplyAsync(FakeReply.Events(
            Chunks.Delta("""{"content":"x"}"""),
            """{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"timings":{"cache_n":90,"prompt_n":10,"predicted_n":5}}"""));

        Assert.Equal(new TokenUsage(10, 90, 0, 5), reply.Usage);
    }

    [Fact]
    public async Task A_server_that_counts_nothing_is_estimated_rather_than_free()
    {
        await using var wire = await Wire.StartAsync();
        var reply = await wire.ReplyAsync(FakeReply.Events(Chunks.Delta("""{"content":"12345678"}"""), Chunks.Finish("stop")));

        Assert.Equal(2, reply.Usage.Out);
        Assert.Equal((wire.Server.Requests[0].Body.Length + 3) / 4, reply.Usage.InMiss);
    }
}
