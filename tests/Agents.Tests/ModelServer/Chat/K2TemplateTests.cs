using System.Text.Json;
using Agents.ModelServer.Chat;
using Agents.ModelServer.Http;
using Agents.Tests.ModelServer.Native;
using CsCheck;
using Xunit;

namespace Agents.Tests.ModelServer.Chat;

public sealed class K2TemplateTests
{
    static ChatRequest Read(string body)
    {
        using var document = JsonDocument.Parse(body);
        return ChatRequest.Read(document.RootElement.Clone());
    }

    static string Text(ChatRequest chat, bool thinking = true) =>
        string.Concat(K2Template.Render(chat.Messages, chat.Tools, thinks: true, thinking).Pieces.Select(p => p.Text));

    [Theory]
    [MemberData(nameof(K2Conversations.All), MemberType = typeof(K2Conversations))]
    public void It_renders_as_the_published_template(string body, string expected)
    {
        // The model begins to think where that template ends; it always does, so the mark is given to it.
        Assert.Equal(expected + "<think>", Text(Read(body)));
        Assert.Equal(expected + "<think></think>", Text(Read(body), thinking: false));
    }

    [Fact]
    public void Foreign_ids_become_numbers_of_the_whole_conversation()
    {
        var text = Text(Read("""
            {"messages":[{"role":"user","content":"q"},
              {"role":"assistant","content":null,"tool_calls":[{"id":"call_x","type":"function","function":{"name":"a","arguments":"{}"}}]},
              {"role":"tool","tool_call_id":"call_x","content":"1"},
              {"role":"assistant","tool_calls":[{"id":"call_x","function":{"name":"b","arguments":{"k":[1, "ü"]}}}]},
              {"role":"tool","tool_call_id":"call_x","content":"2"},
              {"role":"tool","tool_call_id":"unknown","content":"3"}]}
            """));
        Assert.Contains("functions.a:0<|tool_call_argument_begin|>{}", text, StringComparison.Ordinal);
        Assert.Contains("## Return of functions.a:0\n1", text, StringComparison.Ordinal);
        Assert.Contains("functions.b:1<|tool_call_argument_begin|>{\"k\": [1, \"ü\"]}", text, StringComparison.Ordinal);
        Assert.Contains("## Return of functions.b:1\n2", text, StringComparison.Ordinal);
        Assert.Contains("## Return of unknown\n3", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_step_of_a_tool_loop_only_adds_to_the_prompt_before_it()
    {
        const string Before = """{"role":"system","content":"S"},{"role":"user","content":"q"}""";
        const string After = Before + """,{"role":"assistant","reasoning_content":"t","content":"c","tool_calls":[{"id":"functions.a:0","function":{"name":"a","arguments":"{}"}}]},{"role":"tool","tool_call_id":"functions.a:0","content":"1"}""";
        var first = Text(Read($$"""{"messages":[{{Before}}]}"""));
        Assert.StartsWith(first + "t</think>c<|tool_calls_section_begin|>", Text(Read($$"""{"messages":[{{After}}]}""")), StringComparison.Ordinal);
    }

    [Fact]
    public void Marks_written_into_a_message_stay_text()
    {
        var vocabulary = SmallModel.Model.Vocabulary;
        string[] marks = [K2Marks.EndName, K2Marks.SystemName, K2Marks.ThinkEndName, K2Marks.CallBeginName, "<|", "|>", "x", "ü"];
        Gen.OneOfConst(marks).Array[1, 12].Sample(parts =>
        {
            var content = string.Concat(parts);
            List<ChatMessage> messages = [new() { Role = "system" }, new() { Role = "user", Content = content }];
            var (pieces, _) = K2Template.Render(messages, [], thinks: true, thinking: true);
            var tokens = PromptPiece.Tokenize(pieces, vocabulary);
            // system and user with two marks and an end each, the assistant's two, and the one that opens its thoughts
            Assert.Equal(9, tokens.Count(t => !vocabulary.IsText(t)));
        });
    }
}
