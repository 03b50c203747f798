using System.Text.RegularExpressions;
using Xunit;

namespace Agents.Tests.Tidy;

/// <summary>One meaning a word; docs/glossary.md says what to say instead. Reads names of types and files, not prose.</summary>
public sealed partial class WordTests
{
    static readonly string[] s_banned =
    [
        "Workflow", "Saga", "Namespace", "Visibility", "Outbox", "Iteration", "SideEffect", "Helper", "Helpers", "Util", "Utils",
        "Manager", "Common",
    ];

    static readonly string[] s_bannedFolders = ["Models", "Helpers", "Exceptions", "Common", "Utils", "Interfaces", "Services"];

    static IEnumerable<string> Sources() => Repository.With(".cs")
        .Where(f => f.StartsWith("functions/", StringComparison.Ordinal) || f.StartsWith("workers/", StringComparison.Ordinal));

    [Fact]
    public void Types_use_the_words_of_the_glossary()
    {
        var found = Sources().SelectMany(f => Type().Matches(Repository.Read(f)).Select(m => m.Groups[1].Value)
            .Where(t => Parts().Matches(t).Select(p => p.Value).Any(p => s_banned.Contains(p)))
            .Select(t => $"{f}: {t}"));

        Found.Nothing(found);
    }

    [Fact]
    public void Folders_are_named_after_ideas()
    {
        var found = Sources().Where(f => f.Split('/')[2..^1].Any(s_bannedFolders.Contains));

        Found.Nothing(found);
    }

    [Fact]
    public void Clocks_and_chance_come_by_constructor()
    {
        string[] ambient = ["DateTime.Now", "DateTime.UtcNow", "DateTimeOffset.Now", "DateTimeOffset.UtcNow", "Thread.Sleep("];
        var found = Sources().SelectMany(f => ambient.Where(a => Repository.Read(f).Contains(a, StringComparison.Ordinal)).Select(a => $"{f}: {a}"));

        Found.Nothing(found);
    }

    [Fact]
    public void Tests_never_sleep()
    {
        var found = Repository.With(".cs").Where(f => f.StartsWith("tests/", StringComparison.Ordinal) && !f.Contains("/Tidy/", StringComparison.Ordinal))
            .Where(f => Repository.Read(f).Replace("Thread.Sleep(Timeout.Infinite)", "", StringComparison.Ordinal)
                .Contains("Thread.Sleep(", StringComparison.Ordinal));

        Found.Nothing(found);
    }

    [GeneratedRegex(@"\b(?:class|record|struct|interface|enum) (?:class |struct )?(\w+)")]
    private static partial Regex Type();

    [GeneratedRegex("[A-Z][a-z0-9]*")]
    private static partial Regex Parts();
}
