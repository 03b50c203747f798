using System.Text.RegularExpressions;
using Xunit;

namespace Agents.Tests.Tidy;

/// <summary>What the documents point at is there, and what needs a document has one.</summary>
public sealed partial class DocumentTests
{
    static IEnumerable<string> Production() => Repository.Files.Where(f =>
        f.StartsWith("functions/", StringComparison.Ordinal) || f.StartsWith("workers/", StringComparison.Ordinal)
        || f is "agents" or "dev" or ".ci/run");

    [Fact]
    public void Relative_links_lead_somewhere()
    {
        var dead = Repository.With(".md").SelectMany(f => Link().Matches(WithoutCode(Repository.Read(f)))
            .Select(m => m.Groups[1].Value.Split('#')[0].Split(' ')[0])
            .Where(target => target.Length > 0 && !target.Contains("://", StringComparison.Ordinal) && !target.StartsWith("mailto:", StringComparison.Ordinal))
            .Where(target => !Path.Exists(Path.Combine(Repository.Root, Path.GetDirectoryName(f)!, Uri.UnescapeDataString(target))))
            .Select(target => $"{f}: {target}"));

        Found.Nothing(dead);
    }

    [Fact]
    public void Every_error_code_has_a_page_and_every_page_a_code()
    {
        var used = Production().Where(f => !f.EndsWith(".md", StringComparison.Ordinal) && IsText(f))
            .SelectMany(f => Code().Matches(Repository.Read(f)).Select(m => m.Value)).ToHashSet();
        var pages = Repository.Files.Where(f => f.StartsWith("docs/errors/AG", StringComparison.Ordinal))
            .Select(f => Path.GetFileNameWithoutExtension(f)!).ToHashSet();

        Found.Nothing(used.Except(pages).Order());  // used without a page
        Found.Nothing(pages.Except(used).Order());  // a page without use
    }

    [Fact]
    public void Every_error_page_says_meaning_cause_and_what_to_do()
    {
        foreach (var page in Repository.Files.Where(f => f.StartsWith("docs/errors/AG", StringComparison.Ordinal)))
        {
            var text = Repository.Read(page);
            Assert.StartsWith($"# {Path.GetFileNameWithoutExtension(page)}", text, StringComparison.Ordinal);
            Assert.True(Whats().IsMatch(text), $"{page} does not say what to do");
        }
    }

    [Fact]
    public void Every_statement_has_a_caller()
    {
        foreach (var statement in Repository.With(".sql").Where(f => f.Contains("/Statements/", StringComparison.Ordinal)))
        {
            var project = statement[..statement.IndexOf("/Statements/", StringComparison.Ordinal)];
            var name = Path.GetFileNameWithoutExtension(statement);
            Assert.True(
                Repository.With(".cs").Where(f => f.StartsWith(project, StringComparison.Ordinal))
                    .Any(f => Repository.Read(f).Contains($"\"{name}\"", StringComparison.Ordinal)),
                $"{statement} has no caller");
        }
    }

    [Fact]
    public void The_root_holds_what_was_decided()
    {
        string[] decided =
        [
            ".ci", ".editorconfig", ".gitignore", "Agents.sln", "CHANGELOG.md", "Directory.Build.props", "Directory.Packages.props",
            "LICENSE", "NOTICE", "README.md", "agents", "bench", "dev", "docs", "examples", "functions", "global.json", "host.json",
            "infra", "tests", "workers",
        ];
        var found = Repository.Files.Select(f => f.Split('/')[0]).Distinct().Except(decided);

        Found.Nothing(found);
    }

    [Fact]
    public void No_machine_paths_are_written_down()
    {
        var found = Repository.Files.Where(f => IsText(f) && !f.Contains("/Tidy/", StringComparison.Ordinal))
            .Where(f => Machine().IsMatch(Repository.Read(f)));

        Found.Nothing(found);
    }

    static bool IsText(string file) => !file.EndsWith(".bin", StringComparison.Ordinal) && !file.EndsWith(".png", StringComparison.Ordinal)
        && !file.EndsWith(".zstd", StringComparison.Ordinal) && !file.EndsWith(".dict", StringComparison.Ordinal);

    static string WithoutCode(string text) => Spans().Replace(Fences().Replace(text, ""), "");

    [GeneratedRegex(@"\[[^\]]*\]\(([^)\s]+)[^)]*\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"\bAG[1-9]\d{3}\b")]
    private static partial Regex Code();

    [GeneratedRegex(@"(?im)what to do")]
    private static partial Regex Whats();

    [GeneratedRegex(@"(?ms)^(```|~~~).*?^\1")]
    private static partial Regex Fences();

    [GeneratedRegex("`[^`\n]*`")]
    private static partial Regex Spans();

    [GeneratedRegex(@"(?<![\w.])/(work|root)/[a-z]")]
    private static partial Regex Machine();
}
