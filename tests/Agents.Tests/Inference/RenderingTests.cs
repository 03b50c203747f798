using System.Text;
using System.Text.Json;
using Agents.Contracts.Effects;
using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;
using Agents.Inference.Profiles;
using Agents.Inference.Requests;
using Agents.Inference.Streaming;
using Agents.TestKit.Models;
using Xunit;

namespace Agents.Tests.Inference;

public sealed class RenderingTests
{
    static readonly ModelProfile s_profile = new() { Name = "p", BaseUrl = "http://127.0.0.1/v1", Model = "m" };

    static readonly ModelReply s_reply = new()
    {
        Reasoning = "I \"think\" – so 😀",
        Content = "Looking.",
        ToolCalls = [new ToolCall(0, "functions.get:7", "get", "{\"a\" :  \"\\u00e9/é\" }\n"), new ToolCall(1, "x", "get", "{broken")],
        Finish = FinishReason.ToolCalls,
    };

    static string Text(byte[] fragment) => Encoding.UTF8.GetString(fragment);

    [Fact]
    public void Golden_bytes_of_every_message()
    {
        var render = new MessageRenderer(s_profile);

        Assert.Equal("""{"role":"system","content":"Be <brief> & kind's"}""", Text(render.System("Be <brief> & kind's")));
        Assert.Equal("""{"role":"user","content":"Grüße\n\t\uD83D\uDE00"}""", Text(render.User("Grüße\n\t😀")));
        Assert.Equal(
            """{"role":"assistant","content":"Looking.","reasoning_content":"I \"think\" – so \uD83D\uDE00","reasoning":"I \"think\" – so \uD83D\uDE00","tool_calls":[{"id":"functions.get:7","type":"function","function":{"name":"get","arguments":"{\"a\" :  \"\\u00e9/é\" }\n"}},{"id":"x","type":"function","function":{"name":"get","arguments":"{broken"}}]}""",
            Text(render.Assistant(s_reply, 4)));
        Assert.Equal(
            """{"role":"tool","tool_call_id":"x","name":"get","content":"42"}""",
            Text(render.Tool(s_reply.ToolCalls[1], new ToolReply { Content = "42" }, 5)));
    }

    [Fact]
    public void Reasoning_goes_back_only_where_wanted_and_as_an_empty_text_where_it_must()
    {
        var silent = new MessageRenderer(s_profile with { SendReasoning = false });
        Assert.DoesNotContain("reasoning", Text(silent.Assistant(s_reply, 0)), StringComparison.Ordinal);

        var render = new MessageRenderer(s_profile);
        Assert.Contains("\"reasoning_content\":\"\",\"reasoning\":\"\"", Text(render.Assistant(s_reply with { Reasoning = null }, 0)), StringComparison.Ordinal);
        Assert.Equal(
            """{"role":"assistant","content":"Done."}""",
            Text(render.Assistant(new ModelReply { Content = "Done.", Finish = FinishReason.Stop }, 0)));
    }

    [Fact]
    public void Ids_are_counted_over_the_conversation_where_the_server_needs_it()
    {
        var render = new MessageRenderer(s_profile with { ToolCallIds = "functions_index" });

        var message = Text(render.Assistant(s_reply, 4));
        Assert.Contains("\"functions.get:4\"", message, StringComparison.Ordinal);
        Assert.Contains("\"functions.get:5\"", message, StringComparison.Ordinal);
        Assert.Contains("\"functions.get:5\"", Text(render.Tool(s_reply.ToolCalls[1], "r", 5)), StringComparison.Ordinal);
    }

    [Fact]
    public void Half_a_character_is_written_the_same_way_every_time()
    {
        var render = new MessageRenderer(s_profile);

        Assert.Equal("{\"role\":\"user\",\"content\":\"a\uFFFDb\"}", Text(render.User("a\ud83db")));
        Assert.Equal("{\"role\":\"user\",\"content\":\"\uFFFD\\uD83D\\uDE00\uFFFD\"}", Text(render.User("\ude00😀\ud83d")));
    }

    [Fact]
    public async Task The_prefix_of_a_longer_conversation_has_the_bytes_of_the_shorter_one()
    {
        var render = new MessageRenderer(s_profile);
        var tools = ToolRenderer.Render([Wire.Weather]);
        var first = new List<ReadOnlyMemory<byte>> { render.System("s"), render.User("u") };
        var second = new List<ReadOnlyMemory<byte>>(first)
        {
            render.Assistant(s_reply, 0), render.Tool(s_reply.ToolCalls[0], "r", 0), render.Tool(s_reply.ToolCalls[1], "r", 1),
        };
        var cancel = TestContext.Current.CancellationToken;
        using var shorter = new RequestBody(new ModelRequest { Profile = s_profile, Messages = first, Tools = tools, RunId = "r" });
        using var longer = new RequestBody(new ModelRequest { Profile = s_profile, Messages = second, Tools = tools, RunId = "r", OutputTokensMax = 7 });
        var one = await shorter.TextAsync(cancel);
        var two = await longer.TextAsync(cancel);

        var shared = one[..one.LastIndexOf(']')];
        Assert.StartsWith(shared, two, StringComparison.Ordinal);
        Assert.Equal(Encoding.UTF8.GetByteCount(two), longer.Length);
        Assert.Equal(5, Wire.Json(two).GetProperty("messages").GetArrayLength());
        Assert.Equal(7, Wire.Json(two).GetProperty("max_tokens").GetInt32());
    }

    [Fact]
    public async Task The_whole_body_as_a_profile_asks_for_it()
    {
        var profile = s_profile with
        {
            OutputTokensField = "max_completion_tokens",
            OutputTokensMax = 32,
            Temperature = 1,
            PromptCacheKey = true,
            Extra = Wire.Json("""{"thinking":{"type":"enabled","keep":"all"},"min_p":0.01}"""),
        };
        using var body = new RequestBody(new ModelRequest
        {
            Profile = profile,
            Messages = [new MessageRenderer(profile).User("hi")],
            Tools = ToolRenderer.Render([Wire.Weather]),
            RunId = "run-1",
            ToolChoice = "get_weather",
            OutputSchema = Wire.Json("""{"type":"object"}"""),
        });

        Assert.Equal(
            """{"model":"m","stream":true,"thinking":{"type":"enabled","keep":"all"},"min_p":0.01,"stream_options":{"include_usage":true},"temperature":1,"prompt_cache_key":"run-1","tools":[{"type":"function","function":{"name":"get_weather","description":"Weather of a city","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}}],"messages":[{"role":"user","content":"hi"}],"max_completion_tokens":32,"tool_choice":{"type":"function","function":{"name":"get_weather"}},"response_format":{"type":"json_schema","json_schema":{"name":"answer","schema":{"type":"object"}}}}""",
            await body.TextAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task What_goes_over_the_wire_is_what_was_rendered_and_the_key_is_only_in_the_header()
    {
        await using var wire = await Wire.StartAsync();
        wire.Profile = wire.Profile with { ApiKeyEnv = "SOME_KEY" };
        wire.Variables["SOME_KEY"] = " sk-secret\n";
        await wire.ReplyAsync(FakeReply.Answer("ok"));

        var request = wire.Server.Requests[0];
        Assert.Equal("/v1/chat/completions", request.Path);
        Assert.Equal("Bearer sk-secret", request.Headers["Authorization"]);
        Assert.Equal("application/json", request.Headers["Content-Type"]);
        using var body = new RequestBody(wire.Request());
        Assert.Equal(await body.TextAsync(TestContext.Current.CancellationToken), request.Body);
    }

    [Fact]
    public async Task A_missing_key_is_said_before_anything_is_sent()
    {
        await using var wire = await Wire.StartAsync();
        wire.Profile = wire.Profile with { ApiKeyEnv = "SOME_KEY" };
        var error = await wire.ErrorAsync(FakeReply.Answer("never"));

        Assert.Equal(ModelErrorKind.Auth, error.Kind);
        Assert.Contains("AG4001", error.Message, StringComparison.Ordinal);
        Assert.Contains("SOME_KEY", error.Message, StringComparison.Ordinal);
        Assert.Empty(wire.Server.Requests);
    }

    [Fact]
    public async Task Another_dialect_a_bad_address_and_a_forced_choice_are_refused_by_name()
    {
        await using var wire = await Wire.StartAsync();
        var sonnet = ProfileCatalog.Load().Find("anthropic/claude-sonnet-4-5").Profile!;
        var cases = new (ModelRequest Request, string Code)[]
        {
            (wire.Request() with { Profile = sonnet }, "AG4002"),
            (wire.Request() with { Profile = wire.Profile with { BaseUrl = "ftp://x" } }, "AG4017"),
            (wire.Request() with { Profile = wire.Profile with { ForcedToolChoice = false }, ToolChoice = "required" }, "AG4016"),
            (wire.Request() with { Messages = [new MessageRenderer(wire.Profile).Assistant(s_reply, 0)] }, "AG4021"),
            (wire.Request() with { Messages = [] }, "AG4021"),
        };
        foreach (var (request, code) in cases)
        {
            var error = Assert.IsType<ModelOutcome.Failed>(await wire.CallAsync(request)).Error;
            Assert.Equal(ModelErrorKind.Unusable, error.Kind);
            Assert.StartsWith(code, error.Message, StringComparison.Ordinal);
        }

        Assert.Empty(wire.Server.Requests);
    }

    [Fact]
    public void Tools_are_sorted_and_checked_against_the_profile()
    {
        var b = Wire.Weather with { Name = "bb" };
        var a = Wire.Weather with { Name = "aaa" };
        Assert.Equal(ToolRenderer.Render([a, b]), ToolRenderer.Render([b, a]));
        Assert.Empty(ToolRenderer.Render([]));
        Assert.Empty(ToolRenderer.Check(s_profile, [a, b]));

        var moonshot = ProfileCatalog.Load().Find("moonshot/kimi-k2-thinking").Profile!;
        Assert.Contains("'bb'", Assert.Single(ToolRenderer.Check(moonshot, [a, b])), StringComparison.Ordinal);
        Assert.NotEmpty(ToolRenderer.Check(s_profile, [a, a]));
        Assert.NotEmpty(ToolRenderer.Check(s_profile, [a with { Name = "a.b" }]));
        Assert.NotEmpty(ToolRenderer.Check(s_profile with { ToolsMax = 1 }, [a, b]));
    }
}
