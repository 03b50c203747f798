using System.Diagnostics;
using System.Text.Json;
using Agents.Tools.Files;
using Xunit;

namespace Agents.Tests.Tools;

public sealed class ListAndSearchTests
{
    [Fact]
    public async Task Pages_are_sorted_by_ordinal_and_do_not_shift()
    {
        await using var bench = new ToolBench();
        for (var i = 0; i < 450; i++)
        {
            bench.Write($"d{i % 3}/f{i}.txt", "");
        }

        var all = new List<string>();
        string? cursor = null;
        do
        {
            var page = await bench.AnswerAsync("list_files", ToolBench.Args(new { cursor = cursor ?? "" }));
            Assert.Equal(all.Count == 0 ? 450 : 451, page.GetProperty("total").GetInt32());
            all.AddRange(Files(page));
            cursor = page.TryGetProperty("nextCursor", out var next) ? next.GetString() : null;
            bench.Write("d0/a-late-one-before-the-cursor.txt", "");
        }
        while (cursor is not null);

        Assert.Equal(450, all.Count);
        Assert.Equal(all.Order(StringComparer.Ordinal), all);
    }

    [Fact]
    public async Task Include_exclude_path_and_pattern_narrow_the_list()
    {
        await using var bench = new ToolBench();
        foreach (var path in (string[])["docs/a.md", "docs/deep/b.md", "docs/c.txt", "src/d.cs", "bin/e.md"])
        {
            bench.Write(path, "");
        }

        bench.Settings = bench.Settings with { Include = ["docs/**", "*.md"], Exclude = ["docs/deep"] };
        Assert.Equal(["bin/e.md", "docs/a.md", "docs/c.txt"], Files(await bench.AnswerAsync("list_files", "{}")));
        Assert.Equal(["docs/a.md"], Files(await bench.AnswerAsync("list_files", """{"path":"docs","pattern":"*.md"}""")));
    }

    [Fact]
    public async Task In_a_checkout_only_tracked_files_are_listed()
    {
        await using var bench = new ToolBench();
        bench.Write("tracked é.md", "");
        bench.Write("gone.md", "");
        await GitAsync(bench.Root, "init", "-q");
        await GitAsync(bench.Root, "add", ".");
        bench.Write("untracked.md", "");
        File.Delete(Path.Combine(bench.Root, "gone.md"));
        Assert.Equal(["tracked é.md"], Files(await bench.AnswerAsync("list_files", "{}")));
    }

    [Fact]
    public async Task Our_own_outputs_and_data_are_never_listed()
    {
        await using var bench = new ToolBench();
        bench.Write("a.md", "needle");
        bench.Settings = bench.Settings with { Out = bench.Root };
        await bench.AnswerAsync("append", """{"path":"digest.txt","line":"needle"}""");
        await bench.AnswerAsync("write_file", """{"path":"report/all.txt","text":"needle"}""");
        Assert.Equal(["a.md"], Files(await bench.AnswerAsync("list_files", "{}")));

        bench.Settings = bench.Settings with { Out = Path.Combine(bench.Root, "out") };
        await bench.AnswerAsync("append", """{"path":"b.txt","line":"needle"}""");
        File.WriteAllText(Path.Combine(bench.Root, "out", "foreign.txt"), "needle");
        Assert.Equal(["a.md"], Files(await bench.AnswerAsync("list_files", "{}")));
        var matches = (await bench.AnswerAsync("search_files", """{"query":"needle"}""")).GetProperty("matches");
        Assert.Equal("a.md", Assert.Single(matches.EnumerateArray()).GetProperty("path").GetString());
    }

    [Fact]
    public async Task Search_names_files_and_lines_and_says_when_there_is_more()
    {
        await using var bench = new ToolBench();
        bench.Write("a/needle.txt", "no\nhere a needle is\n");
        bench.Write("b.txt", string.Concat(Enumerable.Repeat("needle\n", 3)));
        File.WriteAllBytes(Path.Combine(bench.Root, "c.bin"), [0, .. "needle"u8]);
        var reply = await bench.ReplyAsync("search_files", """{"query":"needle","max":3}""");
        Assert.Equal(
            """{"matches":[{"path":"a/needle.txt"},{"path":"a/needle.txt","line":2,"text":"here a needle is"},"""
            + """{"path":"b.txt","line":1,"text":"needle"}],"truncated":true}""",
            reply.Content);
        Assert.Equal(
            """{"matches":[],"truncated":false}""",
            (await bench.ReplyAsync("search_files", """{"query":"Needle"}""")).Content);
    }

    [Theory]
    [InlineData("*.md", "a/b.md", true)]
    [InlineData("*.md", "a/b.txt", false)]
    [InlineData("docs/*.md", "docs/a.md", true)]
    [InlineData("docs/*.md", "docs/x/a.md", false)]
    [InlineData("docs/**/*.md", "docs/a.md", true)]
    [InlineData("docs/**/*.md", "docs/x/y/a.md", true)]
    [InlineData("docs/", "docs/x/a.md", true)]
    [InlineData("docs", "docs/x/a.md", true)]
    [InlineData("docs/*", "docs/x/a.md", false)]
    [InlineData("**", "a", true)]
    [InlineData("a?c", "x/abc", true)]
    [InlineData("**/**/**/**/**/**/**/**/b", "a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a", false)]
    public void Globs_match_as_people_expect(string pattern, string path, bool matches) =>
        Assert.Equal(matches, new Glob(pattern).Matches(path));

    static IEnumerable<string> Files(JsonElement page) =>
        page.GetProperty("files").EnumerateArray().Select(f => f.GetString()!);

    static async Task GitAsync(string folder, params string[] arguments)
    {
        using var git = Process.Start("git", ["-C", folder, .. arguments]);
        await git.WaitForExitAsync(ToolBench.Cancel);
        Assert.Equal(0, git.ExitCode);
    }
}
