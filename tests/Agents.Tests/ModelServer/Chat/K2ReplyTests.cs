using System.Text;
using System.Text.Json;
using Agents.ModelServer.Chat;
using Agents.ModelServer.Generation;
using Agents.ModelServer.Native;
using Agents.ModelServer.Schemas;
using Agents.Tests.ModelServer.Native;
using Xunit;

namespace Agents.Tests.ModelServer.Chat;

public sealed class K2ReplyTests
{
    const string PathSchema = """{"type":"object","properties":{"path":{"type":"string"}},"required":["path"],"additionalProperties":false}""";
    static readonly NativeVocabulary s_vocabulary = SmallModel.Model.Vocabulary;
    static readonly K2Marks s_marks = K2Marks.Of(s_vocabulary)!;

    static string Grammar(string schema) => SchemaGrammar.Of(JsonDocument.Parse(schema).RootElement).Text;

    static K2ReplyOptions Options(bool tools = true) => new()
    {
        Thinks = true, CallsBefore = 4,
        Tools = tools ? new Dictionary<string, string> { ["read"] = Grammar(PathSchema), ["list.all"] = Grammar("""{"type":"object","additionalProperties":false}""") }
            : new Dictionary<string, string>(),
    };

    static K2Reply Reply(K2ReplyOptions options) => new(s_vocabulary, s_marks, options, g => new NativeGrammar(s_vocabulary, g));

    static (List<ReplyPart> Parts, bool Ended) Take(K2Reply reply, string text)
    {
        var parts = new List<ReplyPart>();
        foreach (var token in s_vocabulary.Tokenize(text, marks: true))
        {
            if (!reply.Take(token, parts))
            {
                return (parts, true);
            }
        }

        return (parts, false);
    }

    static string Joined<T>(List<ReplyPart> parts, Func<T, string> text)
        where T : ReplyPart => string.Concat(parts.OfType<T>().Select(text));

    [Fact]
    public void A_reply_is_taken_apart_into_thoughts_text_and_calls()
    {
        using var reply = Reply(Options());
        var (parts, ended) = Take(
            reply, "Zuerst die Datei…</think>I read it 😀.<|tool_calls_section_begin|><|tool_call_begin|>functions.read:4<|tool_call_argument_begin|>{\"path\": \"ä.md\"}"
            + "<|tool_call_end|><|tool_call_begin|>functions.list.all:5<|tool_call_argument_begin|>{}<|tool_call_end|><|tool_calls_section_end|>");
        Assert.True(ended);
        Assert.Equal("tool_calls", reply.FinishReason);
        Assert.Equal("Zuerst die Datei…", Joined<ReplyPart.Reasoning>(parts, r => r.Text));
        Assert.Equal("I read it 😀.", Joined<ReplyPart.Content>(parts, c => c.Text));
        Assert.Equal(
            [new ReplyPart.CallBegin(0, "functions.read:4", "read"), new ReplyPart.CallBegin(1, "functions.list.all:5", "list.all")],
            parts.OfType<ReplyPart.CallBegin>());
        Assert.Equal("{\"path\": \"ä.md\"}", string.Concat(parts.OfType<ReplyPart.CallArguments>().Where(a => a.Index == 0).Select(a => a.Text)));
        Assert.Equal("{}", string.Concat(parts.OfType<ReplyPart.CallArguments>().Where(a => a.Index == 1).Select(a => a.Text)));
    }

    [Fact]
    public void An_answer_ends_with_its_mark_and_text_like_a_mark_is_text()
    {
        using var reply = Reply(Options(tools: false));
        var parts = new List<ReplyPart>();
        Assert.True(reply.Take(s_marks.ThinkEnd!.Value, parts));
        foreach (var token in s_vocabulary.Tokenize("<|tool_call_begin|> is a mark"))
        {
            Assert.True(reply.Take(token, parts));
        }

        Assert.False(reply.Take(s_marks.End, parts));
        Assert.Equal(("stop", "<|tool_call_begin|> is a mark"), (reply.FinishReason, Joined<ReplyPart.Content>(parts, c => c.Text)));
    }

    [Fact]
    public void Only_what_keeps_the_form_may_come_next()
    {
        using var reply = Reply(Options() with { CallsMax = 1 });
        Assert.Equal([s_marks.ThinkEnd!.Value], Assert.IsType<Choice.Text>(reply.Next).Marks); // thoughts end before anything else
        Take(reply, "</think>");
        Assert.Equal([s_marks.End, s_marks.SectionBegin], Assert.IsType<Choice.Text>(reply.Next).Marks);
        Take(reply, "<|tool_calls_section_begin|>");
        Assert.Equal([s_marks.CallBegin], Assert.IsType<Choice.OneOf>(reply.Next).Tokens);
        Take(reply, "<|tool_call_begin|>");
        var name = Assert.IsType<Choice.Ruled>(reply.Next);
        Assert.Equal(s_marks.ArgumentBegin, name.Exit);
        Assert.True(name.Grammar.Allows('f') && !name.Grammar.Allows('r') && !name.Grammar.MayEnd);
        Take(reply, "functions.read:4");
        Assert.True(name.Grammar.MayEnd);
        Take(reply, "<|tool_call_argument_begin|>");
        Assert.Equal(s_marks.CallEnd, Assert.IsType<Choice.Ruled>(reply.Next).Exit);
        Take(reply, "{\"path\":\"\"}<|tool_call_end|>");
        Assert.Equal([s_marks.SectionEnd], Assert.IsType<Choice.OneOf>(reply.Next).Tokens);
    }

    [Fact]
    public void With_a_schema_the_answer_is_its_value_or_a_call_instead()
    {
        using var reply = Reply(Options() with { AnswerGrammar = Grammar("""{"type":"integer"}""") });
        Take(reply, "</think>");
        var choice = Assert.IsType<Choice.Ruled>(reply.Next);
        Assert.Equal([s_marks.SectionBegin], choice.Marks);
        Assert.False(choice.Grammar.Allows('a'));
        Take(reply, "4");
        Assert.Empty(Assert.IsType<Choice.Ruled>(reply.Next).Marks);
        Assert.True(Take(reply, "2<|im_end|>").Ended);
    }

    [Theory]
    [InlineData("one two three", "two", "one ")]
    [InlineData("one tw", "two", "one tw")]
    [InlineData("aabaabaac", "aabaac", "aab")]
    public void What_may_become_a_stop_text_is_held_back(string said, string stop, string shown)
    {
        var reply = new PlainReply(s_vocabulary, [], [stop], null);
        var parts = new List<ReplyPart>();
        foreach (var token in s_vocabulary.Tokenize(said))
        {
            if (!reply.Take(token, parts))
            {
                break;
            }

            Assert.StartsWith(Joined<ReplyPart.Content>(parts, c => c.Text), shown, StringComparison.Ordinal);
        }

        reply.Flush(parts);
        Assert.Equal(shown, Joined<ReplyPart.Content>(parts, c => c.Text));
    }

    [Fact]
    public void Random_weights_only_say_well_formed_replies()
    {
        var (chance, sampler, calls, answers) = (new Chance(7), new Sampler(s_vocabulary), 0, 0);
        for (var run = 0; run < 60; run++)
        {
            var options = Options() with { CallsBefore = run, CallsMax = 1 + (run % 3), MustCall = run % 4 == 0 };
            using var reply = Reply(options);
            var (parts, raw, logits) = (new List<ReplyPart>(), new List<byte>(), new float[s_vocabulary.Count]);
            for (var i = 0; i < 2_000; i++)
            {
                for (var t = 0; t < logits.Length; t++)
                {
                    logits[t] = (float)chance.NextNormal() + (s_vocabulary.IsText(t) && t != '"' ? 0 : 3);
                }

                var token = sampler.Choose(logits, reply.Next, new SamplingOptions { Seed = 1 }, new Dictionary<int, int>(), chance, reply.Utf8).Token;
                if (!reply.Take(token, parts))
                {
                    calls += Check(parts, options, reply.FinishReason);
                    answers += reply.FinishReason == "stop" ? 1 : 0;
                    break;
                }
            }
        }

        Assert.True(calls > 10 && answers > 4, $"{calls} calls, {answers} answers");
    }

    static int Check(List<ReplyPart> parts, K2ReplyOptions options, string reason)
    {
        var begins = parts.OfType<ReplyPart.CallBegin>().ToList();
        Assert.Equal(begins.Count > 0 ? "tool_calls" : "stop", reason);
        Assert.True(begins.Count <= options.CallsMax && (!options.MustCall || begins.Count > 0));
        foreach (var begin in begins)
        {
            Assert.Equal($"functions.{begin.Name}:{options.CallsBefore + begin.Index}", begin.Id);
            using var arguments = JsonDocument.Parse(string.Concat(
                parts.OfType<ReplyPart.CallArguments>().Where(a => a.Index == begin.Index).Select(a => a.Text)));
            Assert.Equal(begin.Name == "read" ? ["path"] : [], arguments.RootElement.EnumerateObject().Select(p => p.Name));
        }

        return begins.Count;
    }

    [Fact]
    public void Any_marks_in_any_order_end_a_reply_at_worst()
    {
        var chance = new Chance(9);
        for (var run = 0; run < 2_000; run++)
        {
            using var reply = Reply(Options());
            for (var i = 0; i < 30; i++)
            {
                // Text only where it is free: under a grammar the sampler never gives what is not allowed.
                var token = chance.Below(3) == 0 && reply.Next is Choice.Text ? chance.Below(256) : 256 + chance.Below(15);
                if (!reply.Take(token, []))
                {
                    break;
                }
            }
        }
    }

    [Fact]
    public void Bytes_become_whole_characters_however_they_are_cut()
    {
        var bytes = Encoding.UTF8.GetBytes("a😀ü\u0000€");
        var text = new TextOut([]);
        var said = string.Concat(bytes.Select(b => text.Take([b]))) + text.Flush();
        Assert.Equal("a😀ü\u0000€", said);
        var broken = new TextOut([]);
        Assert.Equal("x\uFFFD", broken.Take([(byte)'x', 0xF0]) + broken.Flush());
    }
}
