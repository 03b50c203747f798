using Agents.Client.Jobs;
using Agents.Client.Runs;
using Agents.Contracts.Effects;
using Xunit;

namespace Agents.Tests.Client;

public sealed class JobDraftTests
{
    [Fact]
    public void A_job_needs_a_goal_only()
    {
        var draft = JobDraft.Parse("""{ "goal": "say hello" }""");

        Assert.Equal("say hello", draft.Goal);
        Assert.Equal("run", draft.Name);
        Assert.Equal(300, draft.Limits.Steps);
    }

    [Fact]
    public void Comments_and_trailing_commas_are_allowed()
    {
        var draft = JobDraft.Parse("{ // why\n \"goal\": \"g\", \"include\": [\"*.md\",], }");

        Assert.Equal(["*.md"], draft.Settings.Include);
    }

    [Theory]
    [InlineData("{ \"goal\": \"g\", }}", "AG6010", "line 1")]
    [InlineData("{\n  \"goal\": \"g\"\n  \"name\": \"n\" }", "AG6010", "line 3")]
    [InlineData("", "AG6010", "line 1")]
    [InlineData("{ \"name\": \"n\", \"goals\": \"g\" }", "AG6011", "goals (line 1, column 25)")]
    [InlineData("[]", "AG6011", "line 1, column 1")]
    [InlineData("{ \"name\": \"n\" }", "AG6011", "line 1, column 1")]
    [InlineData("{ \"goal\": \"\" }", "AG6011", "goal (line 1, column 11)")]
    [InlineData("{ \"goal\": \"g\", \"goal\": \"h\" }", "AG6011", "goal (line 1, column 16)")]
    [InlineData("{ \"goal\": \"g\",\n  \"limits\": { \"steps\": \"many\" } }", "AG6011", "limits.steps (line 2, column 24)")]
    [InlineData("{ \"goal\": \"g\", \"limits\": { \"steps\": 0 } }", "AG6011", "limits.steps")]
    [InlineData("{ \"goal\": \"g\", \"limits\": { \"wallTime\": \"soon\" } }", "AG6011", "limits.wallTime")]
    [InlineData("{ \"goal\": \"g\", \"outputSchema\": \"x\" }", "AG6011", "outputSchema")]
    [InlineData("{ \"goal\": \"g\", \"include\": [1] }", "AG6011", "include[0]")]
    [InlineData("{ \"goal\": \"g\", \"reasoning\": \"hide\" }", "AG6011", "reasoning")]
    [InlineData("{ \"goal\": \"g\", \"id\": \"a/b\" }", "AG6011", "id")]
    [InlineData("{ \"goal\": \"g\", \"mcpServers\": { \"s\": { } } }", "AG6011", "mcpServers.s")]
    public void A_mistake_is_told_with_its_place(string job, string code, string where)
    {
        var fault = Assert.Throws<RunFaultException>(() => JobDraft.Parse(job));

        Assert.Equal(code, fault.Code);
        Assert.StartsWith(where, fault.Where, StringComparison.Ordinal);
        Assert.NotNull(fault.WhatToDo);
    }

    [Theory]
    [InlineData("gaol", "goal")]
    [InlineData("output_schema", "outputSchema")]
    [InlineData("Tools", "tools")]
    public void A_misspelt_field_gets_the_right_one_suggested(string wrong, string right)
    {
        var fault = Assert.Throws<RunFaultException>(() => JobDraft.Parse($$"""{ "goal": "g", "{{wrong}}": 1 }"""));

        Assert.Equal($"did you mean '{right}'?", fault.WhatToDo);
    }

    [Theory]
    [InlineData("90", 90)]
    [InlineData("\"90s\"", 90)]
    [InlineData("\"20m\"", 1200)]
    [InlineData("\"1.5h\"", 5400)]
    [InlineData("\"2d\"", 172800)]
    [InlineData("\"PT20M\"", 1200)]
    public void A_time_can_be_written_in_several_ways(string text, int seconds)
    {
        var draft = JobDraft.Parse($$$"""{ "goal": "g", "limits": { "wallTime": {{{text}}} } }""");

        Assert.Equal(TimeSpan.FromSeconds(seconds), draft.Limits.WallTime);
    }

    [Fact]
    public void Servers_and_http_tools_are_read_whole()
    {
        var draft = JobDraft.Parse("""
            {
              "goal": "g",
              "http": { "allow": ["example.org"], "tools": { "book": { "url": "https://x.example/book", "timeout": "5s" } } },
              "mcpServers": { "files": { "command": "node", "args": ["a.js"], "effects": { "write": "Idempotent" } } }
            }
            """);

        Assert.Equal(["example.org"], draft.Settings.HttpAllow);
        Assert.Equal(TimeSpan.FromSeconds(5), draft.Settings.HttpTools["book"].Timeout);
        Assert.Equal(EffectClass.Idempotent, draft.Settings.McpServers["files"].Effects["write"]);
    }

    [Fact]
    public void A_job_of_many_values_is_read_in_one_pass()
    {
        var many = string.Join(',', Enumerable.Range(0, 50_000).Select(i => $"\"f{i}\""));

        var draft = JobDraft.Parse($$"""{ "goal": "g", "include": [{{many}}] }""");

        Assert.Equal(50_000, draft.Settings.Include.Count);
    }
}
