using System.Text.Json;
using Agents.Tools.References;
using Xunit;

namespace Agents.Tests.Tools;

public sealed class ReferenceTests
{
    [Theory]
    [InlineData("link", "b.md", "docs/a.md", "ok", "docs/b.md")]
    [InlineData("link", "../README.md#how-it-works", "docs/a.md", "ok", "README.md")]
    [InlineData("link", "../README.md#nowhere", "docs/a.md", "broken", null)]
    [InlineData("link", "/docs/b.md", "docs/a.md", "ok", "docs/b.md")]
    [InlineData("link", "#title", "docs/b.md", "ok", null)]
    [InlineData("link", "with%20space.md", "docs/a.md", "ok", "docs/with space.md")]
    [InlineData("link", "../../outside.md", "docs/a.md", "broken", null)]
    [InlineData("link", "../src/Engine.cs#L10", "docs/a.md", "ok", null)]
    [InlineData("link", "../src", "docs/a.md", "ok", null)]
    [InlineData("link", "https://example.org/x", "docs/a.md", "external", null)]
    [InlineData("link", "mailto:a@example.org", "docs/a.md", "external", null)]
    [InlineData("path", "src/Engine.cs", "docs/a.md", "ok", null)]
    [InlineData("path", "src/", "docs/a.md", "ok", null)]
    [InlineData("path", "b.md", "docs/a.md", "ok", "docs/b.md")]
    [InlineData("path", "src/Gone.cs", "docs/a.md", "broken", null)]
    [InlineData("anchor", "#title-1", "docs/b.md", "ok", null)]
    [InlineData("anchor", "title-2", "docs/b.md", "broken", null)]
    [InlineData("error", "AG1001", "docs/a.md", "ok", "docs/errors/AG1001.md")]
    [InlineData("error", "AG9999", "docs/a.md", "broken", null)]
    [InlineData("symbol", "Engine.Start(int x)", "docs/a.md", "ok", null)]
    [InlineData("symbol", "Holder<Engine>", "docs/a.md", "broken", null)]
    [InlineData("symbol", "Engine.Stop", "docs/a.md", "broken", null)]
    [InlineData("riddle", "x", "docs/a.md", "unknown", null)]
    public async Task References_are_judged(string kind, string target, string from, string status, string? page)
    {
        await using var bench = Folder();
        var verdict = await bench.AnswerAsync("check_reference", JsonSerializer.Serialize(new { kind, target, from }));
        Assert.Equal(status, verdict.GetProperty("status").GetString());
        Assert.NotEqual("", verdict.GetProperty("detail").GetString());
        Assert.Equal(page is null ? [] : [page], verdict.GetProperty("newPages").EnumerateArray().Select(p => p.GetString()!));
    }

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
