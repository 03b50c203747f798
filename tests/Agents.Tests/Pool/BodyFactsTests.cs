using System.Text;
using System.Text.Json;
using Agents.Pool.Passing;
using CsCheck;
using Xunit;

namespace Agents.Tests.Pool;

public sealed class BodyFactsTests
{
    static BodyFacts Read(string body) => BodyFacts.Read(Encoding.UTF8.GetBytes(body));

    [Fact]
    public void It_finds_what_routing_needs_wherever_it_stands()
    {
        var facts = Read("""{"messages":[{"content":"x","role":"user"}],"max_completion_tokens":9,"prompt_cache_key":"c1","model":"m","stream":true}""");
        Assert.Equal(("m", 9, "c1"), (facts.Model, facts.TokensMax, facts.Conversation));
        Assert.Null(facts.Head);
        Assert.NotNull(facts.Opening);
    }

    [Fact]
    public void A_conversation_that_grows_keeps_its_opening_and_shares_its_head_with_others()
    {
        const string Head = """{"model":"m","tools":[{"type":"function"}],"messages":[{"role":"system","content":"s"},{"role":"user","content":""";
        var first = Read(Head + "\"a\"}]}");
        var grown = Read(Head + "\"a\"},{\"role\":\"assistant\",\"content\":\"b\"},{\"role\":\"user\",\"content\":\"c\"}]}");
        var other = Read(Head + "\"z\"}]}");
        Assert.Equal((first.Head, first.Opening), (grown.Head, grown.Opening));
        Assert.Equal(first.Head, other.Head);
        Assert.NotEqual(first.Opening, other.Opening);
        Assert.True(grown.PromptBytes > first.PromptBytes);
        Assert.NotEqual(first.Head, Read(Head.Replace("\"m\"", "\"n\"", StringComparison.Ordinal) + "\"a\"}]}").Head);
    }

    [Fact]
    public void Token_ids_of_a_prompt_are_counted()
    {
        Assert.Equal(3, Read("""{"model":"m","prompt":[1,2,3]}""").PromptIds);
        Assert.Null(Read("""{"model":"m","prompt":"text"}""").PromptIds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"model\":\"m\"")]
    [InlineData("{\"model\":\"m\"} {}")]
    [InlineData("{\"model\":\"m\",\"messages\":[{\"role\":\"user\"}")]
    public void What_is_no_object_is_refused(string body) => Assert.ThrowsAny<JsonException>(() => Read(body));

    [Theory]
    [InlineData("""{"model":"m","messages":[1,[2],"x",{"role":"user"}]}""")]
    [InlineData("""{"model":"m","messages":"text"}""")]
    [InlineData("""{"model":"m","messages":[{"role":{"role":"system"}}],"tools":7,"max_tokens":"many","prompt":{"a":[1]}}""")]
    public void What_servers_may_refuse_is_no_concern_here(string body) => Assert.Equal("m", Read(body).Model);

    [Fact]
    public void No_bytes_break_it()
    {
        var seed = Encoding.UTF8.GetBytes("""{"model":"m","tools":[],"messages":[{"role":"system","content":"é\u00e9"},{"role":"user","content":[{"text":"a"}]}],"prompt":[1,[2]],"max_tokens":5}""");
        Gen.Select(Gen.Int[0, seed.Length - 1], Gen.Byte, Gen.Int[0, seed.Length]).Sample((at, value, cut) =>
        {
            var bytes = seed.ToArray();
            bytes[at] = value;
            try
            {
                BodyFacts.Read(bytes.AsSpan(0, cut));
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException)
            {
                // Refused by name.
            }
        }, iter: 2_000);
    }

    [Fact]
    public void The_usage_at_the_end_of_a_reply_is_read_wherever_its_bytes_are_cut()
    {
        const string Reply = "data: {\"choices\":[]}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":5,\"prompt_tokens_details\":{\"cached_tokens\":8}}}\n\ndata: [DONE]\n\n";
        var bytes = Encoding.UTF8.GetBytes(new string('x', 6_000) + Reply);
        for (var cut = bytes.Length - Reply.Length; cut < bytes.Length; cut++)
        {
            var tail = new UsageTail();
            tail.Look(bytes.AsSpan(0, cut));
            tail.Look(bytes.AsSpan(cut));
            var read = tail.Read(streamed: true);
            Assert.Equal((12, 5, 8), (read.Prompt, read.Reply, read.Cached));
        }

        var none = new UsageTail();
        none.Look("data: {\"a\":1,\"usage\":null}\n\ndata: {}\n\ndata: {}\n\ndata: [DONE]\n\n"u8);
        Assert.Equal(2, none.Read(streamed: true).Reply);
        Assert.Null(none.Read(streamed: false).Reply);
    }
}
