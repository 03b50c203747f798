using Agents.Contracts.Effects;
using Agents.Contracts.Transcript;
using Agents.Inference.Profiles;
using Agents.Inference.Requests;
using Agents.TestKit.Models;
using Xunit;

namespace Agents.Tests.Inference;

/// <summary>Tools in each shape that people write, and a two-step tool call from the first request to the answer.</summary>
public sealed class GuideRequestTests
{
    const string Schema = """{"type":"object","properties":{"url":{"type":"string","description":"page"}},"required":["url"]}""";

    [Theory]
    [InlineData("""{"type":"function","function":{"name":"fetch_page","description":"Fetch","parameters":SCHEMA}}""")]
    [InlineData("""{"name":"fetch_page","description":"Fetch","parameters":SCHEMA}""")]
    [InlineData("""{"name":"fetch_page","description":"Fetch","input_schema":SCHEMA}""")]
    [InlineData("""{"type":"function","name":"fetch_page","description":"Fetch","parameters":SCHEMA,"strict":true}""")]
    public void Every_shape_of_a_tool_is_the_same_tool(string shape)
    {
        var tool = ToolSpecReader.Read(Wire.Json(shape.Replace("SCHEMA", Schema, StringComparison.Ordinal)));

        Assert.Equal("fetch_page", tool.Name);
        Assert.Equal(EffectClass.AtMostOnce, tool.Effect);
        Assert.Equal(
            """[{"type":"function","function":{"name":"fetch_page","description":"Fetch","parameters":SCHEMA}}]"""
                .Replace("SCHEMA", Schema, StringComparison.Ordinal),
            System.Text.Encoding.UTF8.GetString(ToolRenderer.Render([tool])));
    }

    [Theory]
    [InlineData("[]", "object")]
    [InlineData("{}", "name")]
    [InlineData("""{"name":"a b"}""", "a b")]
    [InlineData("""{"name":"x","parameters":{},"input_schema":{}}""", "both")]
    [InlineData("""{"name":"x","parameters":"none"}""", "schema")]
    [InlineData("""{"name":"x","effect":"sometimes"}""", "sometimes")]
    [InlineData("""{"name":"x","parallel":"yes"}""", "parallel")]
    [InlineData("""{"type":"web_search"}""", "web_search")]
    [InlineData("""{"function":3}""", "function")]
    public void A_malformed_tool_is_refused_in_words(string tool, string word) =>
        Assert.Contains(word, Assert.Throws<FormatException>(() => ToolSpecReader.Read(Wire.Json(tool))).Message, StringComparison.Ordinal);

    [Fact]
    public void Our_own_fields_stand_beside_the_name()
    {
        var tool = ToolSpecReader.Read(Wire.Json(
            """{"type":"function","effect":"readonly","parallel":true,"source":"mcp:web","sourceName":"web.fetch","function":{"name":"web_fetch"}}"""));

        Assert.Equal(EffectClass.ReadOnly, tool.Effect);
        Assert.True(tool.Parallel);
        Assert.Equal(("mcp:web", "web.fetch"), (tool.Source, tool.SourceName));
        Assert.Equal("""{"type":"object","properties":{}}""", tool.Parameters.GetRawText());
    }

    [Theory]
    [InlineData("cometapi/kimi-k2-thinking", "kimi-k2-thinking", "max_tokens")]
    [InlineData("cometapi/kimi-k2-thinking-turbo", "kimi-k2-thinking-turbo", "max_tokens")]
    [InlineData("moonshot/kimi-k2-thinking", "kimi-k2-thinking", "max_completion_tokens")]
    [InlineData("vllm/kimi-k2-thinking", "moonshotai/Kimi-K2-Thinking", "max_tokens")]
    [InlineData("openai/gpt-5", "gpt-5", "max_completion_tokens")]
    public async Task A_tool_step_goes_there_and_back_with_reasoning_and_arguments_untouched(
        string profileName, string model, string outputField)
    {
        await using var wire = await Wire.StartAsync();
        var profile = ProfileCatalog.Load().Find(profileName).Profile! with { BaseUrl = wire.Server.BaseUrl };
        wire.Profile = profile;
        wire.Variables[profile.ApiKeyEnv ?? ""] = "sk-test";
        var tool = ToolSpecReader.Read(Wire.Json("""{"name":"fetch_page","description":"Fetch","input_schema":SCHEMA}"""
            .Replace("SCHEMA", Schema, StringComparison.Ordinal)));
        var render = new MessageRenderer(profile);
        ReadOnlyMemory<byte> system = render.System("You are a research agent.");
        ReadOnlyMemory<byte> user = render.User("What does the page say?");
        var request = new ModelRequest { Profile = profile, Messages = [system, user], Tools = ToolRenderer.Render([tool]), ToolChoice = "auto" };

        var call = await wire.ReplyAsync(FakeReply.Calls(("fetch_page", "{ \"url\":\"https://example.org\" }")), request);
        await wire.ReplyAsync(FakeReply.Answer("It says hello."), request with
        {
            Messages = [system, user, render.Assistant(call, 0), render.Tool(call.ToolCalls[0], "hello", 0)],
        });

        var sent = Wire.Json(wire.Server.Requests[1].Body);
        var assistant = sent.GetProperty("messages")[2];
        Assert.Equal(model, sent.GetProperty("model").GetString());
        Assert.True(sent.TryGetProperty(outputField, out _));
        Assert.Equal("{ \"url\":\"https://example.org\" }",
            assistant.GetProperty("tool_calls")[0].GetProperty("function").GetProperty("arguments").GetString());
        Assert.Equal(profile.SendReasoning, assistant.TryGetProperty("reasoning_content", out var reasoning));
        Assert.True(!profile.SendReasoning || reasoning.GetString() == "I need a tool.");
        Assert.Equal("functions.fetch_page:0", sent.GetProperty("messages")[3].GetProperty("tool_call_id").GetString());
    }

    [Fact]
    public async Task Cost_is_taken_from_the_profile()
    {
        await using var wire = await Wire.StartAsync();
        wire.Profile = ProfileCatalog.Load().Find("cometapi/kimi-k2-thinking").Profile! with { BaseUrl = wire.Server.BaseUrl, ApiKeyEnv = null };
        var reply = await wire.ReplyAsync(FakeReply.Events(
            Chunks.Delta("""{"content":"x"}"""), Chunks.Finish("stop"),
            """{"choices":[],"usage":{"prompt_tokens":1000000,"completion_tokens":100000,"cached_tokens":400000}}"""));

        // The price of cached input is not published: it is billed as a miss.
        Assert.Equal(1.10m + 0.44m, reply.CostUsd);
    }
}
