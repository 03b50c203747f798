using Agents.Contracts.Runs;
using System.Text.Json;
using Agents.Tools.Running;
using Xunit;

namespace Agents.Tests.Tools;

public sealed class ArgumentTests
{
    [Theory]
    [InlineData("read_file", """{"path":"a","offset":"x"}""", "'offset': expected integer, got \"x\"")]
    [InlineData("read_file", """{"path":"a","offset":-1}""", "'offset': expected a number of at least 0, got -1")]
    [InlineData("read_file", "{}", "'path' is missing (string)")]
    [InlineData("read_file", "", "'path' is missing (string)")]
    [InlineData("read_file", """{"path":"a","ofset":1}""", "'ofset' is not known; known are path, offset, limit")]
    [InlineData("read_file", """{"path":""}""", "'path': expected at least 1 characters, got \"\"")]
    [InlineData("read_file", """{"path":null}""", "'path': expected string, got null")]
    [InlineData("read_file", """{"path":"a" """, "are no valid JSON")]
    [InlineData("read_file", """["a"]""", "must be a JSON object, not an array")]
    [InlineData("read_file", "{\"path\":\"\\ud800\"}", "half a surrogate pair")]
    [InlineData("worklist_add", """{"items":[{"kind":"a"},{"kind":5}]}""", "'items[1].kind': expected string, got 5")]
    [InlineData("worklist_add", """{"items":[{"path":"x"}]}""", "'items[0].kind' is missing (string)")]
    public async Task A_bad_call_says_where_what_and_with_which_value(string tool, string arguments, string words)
    {
        await using var bench = new ToolBench();
        var reply = Assert.IsType<ToolRun.Replied>(await bench.RunAsync(tool, arguments)).Reply;
        Assert.True(reply.IsBadCall);
        Assert.True(reply.IsError);
        Assert.Contains(words, reply.Content);
        Assert.False(Directory.Exists(bench.Data), "a bad call must touch nothing");
    }

    [Theory]
    [InlineData("read_fil", "did you mean read_file?")]
    [InlineData("files", "list_files")]
    [InlineData("zzz", "there are: append, ")]
    public async Task A_tool_that_is_not_there_is_a_bad_call_with_the_names_that_are(string name, string words)
    {
        await using var bench = new ToolBench();
        var reply = await bench.ReplyAsync(name, "{}");
        Assert.True(reply.IsBadCall);
        Assert.Contains(words, reply.Content);
    }

    [Fact]
    public async Task Schemas_with_definitions_enumerations_and_constants_are_enforced()
    {
        await using var bench = new ToolBench(methods: new Agents.Tools.Methods.MethodTools().Add("f", () => "ok"));
        bench.Tools.Add(new ToolSpec
        {
            Name = "f",
            Source = "method",
            Parameters = JsonElement.Parse("""
                {"type":"object","properties":{"a":{"$ref":"#/$defs/short"},"e":{"enum":["x","y"]},"c":{"const":"z"}},
                 "$defs":{"short":{"type":"string","maxLength":2}}}
                """),
        });
        Assert.Equal("ok", (await bench.ReplyAsync("f", """{"a":"ab","e":"x","c":"z"}""")).Content);
        Assert.Contains("at most 2 characters", (await bench.ReplyAsync("f", """{"a":"abc"}""")).Content);
        Assert.Contains("one of \"x\", \"y\"", (await bench.ReplyAsync("f", """{"e":"z"}""")).Content);
        Assert.Contains("one of \"z\"", (await bench.ReplyAsync("f", """{"c":"y"}""")).Content);
    }

    [Theory]
    [InlineData("""{"type":"object","properties":{"a":{"$ref":"file:///etc/hostname"}}}""")]
    [InlineData("""{"type":"object","properties":{"a":{"$ref":"http://127.0.0.1:1/x"}}}""")]
    [InlineData("""{"type":"object","properties":5}""")]
    public void A_schema_that_reaches_outside_or_is_none_is_refused(string schema)
    {
        var fault = Assert.Throws<Agents.Tools.ToolFaultException>(
            () => new SchemaCache().Get(JsonElement.Parse(schema), "tool 'x'"));
        Assert.Equal("AG5003", fault.Code);
        Assert.Contains("tool 'x'", fault.Message);
    }
}
