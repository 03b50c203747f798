using System.Text.Json;
using Agents.Tools.References;
using Xunit;

namespace Agents.Tests.Tools;

public sealed class ReferenceTests
{
    [Theory]
    [InlineData("link", "b.md", "docs/a.md", "ok")]
    [InlineData("link", "../README.md#how-it-works", "docs/a.md", "ok")]
    [InlineData("link", "../README.md#nowhere", "docs/a.md", "broken")]
    [InlineData("link", "/docs/b.md", "docs/a.md", "ok")]
    [InlineData("link", "#title", "docs/b.md", "ok")]
    [InlineData("link", "with%20space.md", "docs/a.md", "ok")]
    [InlineData("link", "../../outside.md", "docs/a.md", "broken")]
    [InlineData("link", "../src/Engine.cs#L10", "docs/a.md", "ok")]
    [InlineData("link", "../src", "docs/a.md", "ok")]
    [InlineData("link", "https://example.org/x", "docs/a.md", "external")]
    [InlineData("link", "mailto:a@example.org", "docs/a.md", "external")]
    [InlineData("path", "src/Engine.cs", "docs/a.md", "ok")]
    [InlineData("path", "src/", "docs/a.md", "ok")]
    [InlineData("path", "b.md", "docs/a.md", "ok")]
    [InlineData("path", "src/Gone.cs", "docs/a.md", "broken")]
    [InlineData("anchor", "#title-1", "docs/b.md", "ok")]
    [InlineData("anchor", "title-2", "docs/b.md", "broken")]
    [InlineData("error", "AG1001", "docs/a.md", "ok")]
    [InlineData("error", "AG9999", "docs/a.md", "broken")]
    [InlineData("symbol", "Engine.Start(int x)", "docs/a.md", "ok")]
    [InlineData("symbol", "Holder<Engine>", "docs/a.md", "broken")]
    [InlineData("symbol", "Engine.Stop", "docs/a.md", "broken")]
    [InlineData("riddle", "x", "docs/a.md", "unknown")]
    public async Task References_are_judged(string kind, string target, string from, string status)
    {
        await using var bench = Folder();
        var verdict = await bench.AnswerAsync("check_reference", JsonSerializer.Serialize(new { kind, target, from }));
        Assert.Equal(status, verdict.GetProperty("status").GetString());
        Assert.NotEqual("", verdict.GetProperty("detail").GetString());
    }

    [Theory]
    [InlineData("link", "../old/b.md", "docs/a.md", "docs/b.md")]
    [InlineData("link", "with%20space.md", "README.md", "docs/with space.md")]
    [InlineData("link", "b.md#how-it-works", "docs/a.md", "README.md#how-it-works")]
    [InlineData("link", "gone.md#title", "docs/a.md", "")]
    [InlineData("link", "../b.md", "docs/b.md", "")]
    [InlineData("anchor", "#how-it-works", "docs/a.md", "README.md#how-it-works")]
    [InlineData("anchor", "#title", "docs/a.md", "README.md#title docs/b.md#title")]
    [InlineData("path", "lib/Engine.cs", "docs/a.md", "src/Engine.cs")]
    [InlineData("path", "lib/errors/", "docs/a.md", "docs/errors/")]
    [InlineData("path", "lib/error/", "docs/a.md", "")]
    [InlineData("symbol", "Motor.Engine", "docs/a.md", "src/Engine.cs")]
    [InlineData("error", "AG9999", "docs/a.md", "")]
    public async Task A_replacement_is_what_has_the_name(string kind, string target, string from, string expected)
    {
        await using var bench = Folder();
        var answer = await bench.AnswerAsync("suggest_replacement", JsonSerializer.Serialize(new { kind, target, from }));
        Assert.Equal(expected, string.Join(' ', answer.GetProperty("suggestions").EnumerateArray().Select(s => s.GetString())));
    }

    [Theory]
    [InlineData("`host.json`", "path host.json")]
    [InlineData("`./dev`", "path dev")]
    [InlineData("`docs/errors/`", "path docs/errors/")]
    [InlineData("`.editorconfig`", "path .editorconfig")]
    [InlineData("`IOrchestratorHost`", "symbol IOrchestratorHost")]
    [InlineData("`Task<int>.Run(x)`", "symbol Task<int>.Run(x)")]
    [InlineData("`OrchestrationContext.NewGuid()`", "symbol OrchestrationContext.NewGuid()")]
    [InlineData("``Agents.Engine``", "symbol Agents.Engine")]
    [InlineData("`docs/errors/AGnnnn.md`", "")]
    [InlineData("`/api/v1/runs`", "")]
    [InlineData("`application/json`", "")]
    [InlineData("`true` `Stop` `--json` `a b.md` `*.md`", "")]
    [InlineData("[a](x.md)[b](<y z.md>)", "link x.md,link y z.md")]
    [InlineData("[a](https://en.org/wiki/A_(b)) text)", "link https://en.org/wiki/A_(b)")]
    [InlineData("<a href=\"x.md#y\">", "link x.md#y")]
    [InlineData("[mail](mailto:a@b.c)", "")]
    [InlineData("`[no](link.md)`", "")]
    [InlineData("~~~\n[no](link.md)\n~~~\n[yes](b.md)", "link b.md")]
    [InlineData("[one](x.md) [two](x.md) AG1001 in words", "link x.md,error AG1001")]
    public void What_counts_as_a_reference(string text, string expected) =>
        Assert.Equal(expected, string.Join(',', MarkdownReferences.Of(text).Select(r => $"{r.Kind} {r.Target}")));

    [Fact]
    public async Task What_git_does_not_track_is_not_there_for_readers()
    {
        await using var bench = Folder();
        using (var git = System.Diagnostics.Process.Start(
            "sh", ["-c", $"cd '{bench.Root}' && git init -q && git add docs"]))
        {
            await git.WaitForExitAsync(ToolBench.Cancel);
        }

        var verdict = await bench.AnswerAsync("check_reference", """{"kind":"path","target":"src/Engine.cs","from":"docs/a.md"}""");
        Assert.Equal("broken", verdict.GetProperty("status").GetString());
        Assert.Contains("git does not track it", verdict.GetProperty("detail").GetString());
    }

    [Theory]
    [InlineData("How it works", "how-it-works")]
    [InlineData("1. The `Engine`, precisely", "1-the-engine-precisely")]
    [InlineData("C# & SQL", "c--sql")]
    [InlineData("Überblick der Straße", "überblick-der-straße")]
    public void Slugs_are_those_of_GitHub(string heading, string slug) =>
        Assert.Contains(slug, HeadingSlugs.Of($"## {heading}\n"));

    [Fact]
    public void Explicit_anchors_count_and_headings_in_code_do_not()
    {
        var slugs = HeadingSlugs.Of("<a name=\"here\"></a>\n\n```\n# not a heading\n```\n\n# [Linked](x.md) *title*\n");
        Assert.Equal(["here", "linked-title"], slugs.Order());
    }

    static ToolBench Folder()
    {
        var bench = new ToolBench();
        bench.Write("README.md", "# Title\n\n## How it works\n");
        bench.Write("docs/a.md", "# A\n");
        bench.Write("docs/b.md", "# Title\n\n# Title\n");
        bench.Write("docs/with space.md", "# S\n");
        bench.Write("docs/errors/AG1001.md", "# AG1001\n");
        bench.Write("src/Engine.cs", "class Engine { void Start(int x) { } }\n");
        return bench;
    }
}
