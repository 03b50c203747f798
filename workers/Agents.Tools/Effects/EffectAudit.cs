using System.Text.Json;

namespace Agents.Tools.Effects;

/// <summary>
/// Reads, from the journals of a data directory and the outputs themselves, what file effects there were: who arrived,
/// and what stands. Independent of the ledger, so that it can convict it.
/// </summary>
public static class EffectAudit
{
    public static IReadOnlyList<AuditedOutput> Read(string dataDirectory)
    {
        var folder = OutputFiles.Folder(dataDirectory);
        return Directory.Exists(folder)
            ? [.. Directory.EnumerateFiles(folder, "*.jsonl").Select(ReadOne).OfType<AuditedOutput>()
                .OrderBy(o => o.Path, StringComparer.Ordinal)]
            : [];
    }

    static AuditedOutput? ReadOne(string journalPath)
    {
        var journal = new EffectJournal();
        foreach (var line in File.ReadLines(journalPath))
        {
            try
            {
                EffectJournal.Fold(journal, JsonElement.Parse(line));
            }
            catch (JsonException)
            {
                break; // a torn last line: its writer died before it counted
            }
        }

        if (journal.Output is not { } path)
        {
            return null;
        }

        var bytes = File.Exists(path) ? File.ReadAllBytes(path) : [];
        var effects = journal.Begun.Where(b => !b.Void)
            .Select(b => new AuditedEffect(b.Key, b.Tool, b.Attempt, 1 + b.Repeats, IsThere(b, bytes)))
            .ToArray();
        var accounted = journal.Begun.Where(b => !b.Void).Sum(b => (long)b.Bytes.Length);
        return new AuditedOutput(path, effects, bytes.LongLength - accounted);
    }

    static bool IsThere(BegunEffect begun, byte[] bytes) =>
        begun.Offset + begun.Bytes.Length <= bytes.Length
        && bytes.AsSpan((int)begun.Offset, begun.Bytes.Length).SequenceEqual(begun.Bytes);
}

/// <summary>
/// One output file. <paramref name="UnaccountedBytes"/> is 0 when the file consists of its effects and nothing else.
/// </summary>
public sealed record AuditedOutput(string Path, IReadOnlyList<AuditedEffect> Effects, long UnaccountedBytes);

/// <summary>
/// One effect that was not undone. <paramref name="Arrivals"/> counts the attempts that came to act on this key while it
/// stood: more than one is a double that only the tool itself prevented. <paramref name="Present"/>: its bytes are there.
/// </summary>
public sealed record AuditedEffect(string Key, string Tool, string Attempt, int Arrivals, bool Present);
