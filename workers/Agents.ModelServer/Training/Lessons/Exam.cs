using System.Text.Json;

namespace Agents.ModelServer.Training.Lessons;

/// <summary>Compares what a job wrote with what its tree was made to hold.</summary>
public static class Exam
{
    /// <summary>What is missing, doubled or otherwise in a findings file; empty when it is exactly right.</summary>
    public static IReadOnlyList<string> Wrong(RandomTree tree, string findings)
    {
        var expected = tree.Findings.Select(f => $"{f.Page} | {f.Reference} | {f.Status} | {f.Suggestion}");
        var found = findings.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Line);
        return Differences(expected, found);
    }

    /// <summary>The same for the lines of a digest.</summary>
    public static IReadOnlyList<string> WrongLines(RandomTree tree, string digest) =>
        Differences(tree.DigestLines(), digest.Split('\n', StringSplitOptions.RemoveEmptyEntries));

    static List<string> Differences(IEnumerable<string> expected, IEnumerable<string> found)
    {
        var left = expected.ToList();
        var wrong = new List<string>();
        foreach (var line in found)
        {
            if (!left.Remove(line))
            {
                wrong.Add($"not expected: {line}");
            }
        }

        return [.. left.Select(l => $"missing: {l}"), .. wrong];
    }

    static string Line(string line)
    {
        using var json = JsonDocument.Parse(line);
        string? Of(string name) => json.RootElement.TryGetProperty(name, out var value) ? value.GetString() : null;
        return $"{Of("page")} | {Of("reference")} | {Of("status")} | {Of("suggestion")}";
    }
}
