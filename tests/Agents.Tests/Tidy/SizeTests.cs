using System.Text.RegularExpressions;
using Xunit;

namespace Agents.Tests.Tidy;

/// <summary>Four hundred lines a file, sixty a method. The exceptions may only shrink.</summary>
public sealed partial class SizeTests
{
    const int FileLinesMax = 400;
    const int MethodLinesMax = 60;

    /// <summary>File to lines; take an entry out when its file is short enough.</summary>
    static readonly Dictionary<string, int> s_longFiles = [];

    /// <summary>"file method" to lines.</summary>
    static readonly Dictionary<string, int> s_longMethods = new()
    {
        ["tests/Agents.Tests/Replay/ReplayProperties.cs Replaying_any_prefix_gives_the_actions_the_hot_session_gave"] = 62,
    };

    static IEnumerable<string> Sources() => Repository.With(".cs").Where(f => !f.Contains("/obj/", StringComparison.Ordinal));

    [Fact]
    public void Files_are_short()
    {
        var found = Sources().Select(f => (File: f, Lines: Repository.Read(f).AsSpan().Count('\n')))
            .Where(f => f.Lines > s_longFiles.GetValueOrDefault(f.File, FileLinesMax))
            .Select(f => $"{f.File}: {f.Lines} lines");

        Found.Nothing(found);
    }

    [Fact]
    public void Methods_are_short()
    {
        var found = Sources().SelectMany(f => Methods(Repository.Read(f)).Select(m => (Key: $"{f} {m.Name}", m.Lines)))
            .Where(m => m.Lines > s_longMethods.GetValueOrDefault(m.Key, MethodLinesMax))
            .Select(m => $"{m.Key}: {m.Lines} lines");

        Found.Nothing(found);
    }

    [Fact]
    public void No_exception_is_kept_that_is_not_needed()
    {
        var files = Sources().ToHashSet();
        Assert.All(s_longFiles, e => Assert.True(
            files.Contains(e.Key) && Repository.Read(e.Key).AsSpan().Count('\n') > FileLinesMax, e.Key));
        Assert.All(s_longMethods.Keys.Select(k => k.Split(' ')[0]), f => Assert.Contains(f, files));
    }

    /// <summary>A member with a body: from its first line to the brace that closes it at the same indent.</summary>
    static IEnumerable<(string Name, int Lines)> Methods(string text)
    {
        var lines = text.Split('\n');
        for (var i = 0; i < lines.Length - 1; i++)
        {
            if (Head().Match(lines[i]) is not { Success: true } head)
            {
                continue;
            }

            var indent = head.Groups[1].Value;
            var open = i + 1;
            while (open < lines.Length && lines[open].StartsWith(indent + " ", StringComparison.Ordinal))
            {
                open++; // parameters over several lines
            }

            if (open >= lines.Length || lines[open].TrimEnd() != indent + "{")
            {
                continue;
            }

            var close = Array.FindIndex(lines, open, l => l.StartsWith(indent + "}", StringComparison.Ordinal));
            if (close > 0)
            {
                yield return (head.Groups[2].Value, close - i + 1);
            }
        }
    }

    [GeneratedRegex(@"^( {4,8})(?!return|await|else|using|new|throw|var )(?:[\w<>\[\]?,.()]+ )+(\w+)(?:<[^>]*>)?\(")]
    private static partial Regex Head();
}
