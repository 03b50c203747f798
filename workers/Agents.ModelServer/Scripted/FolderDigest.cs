using System.Globalization;
using System.Text.RegularExpressions;

namespace Agents.ModelServer.Scripted;

/// <summary>
/// The folder digest: every file of the listing goes on the worklist; each is taken, its head is read, and one line
/// about it is appended. The totals of the answer are those the append tool counted, not ours.
/// </summary>
static partial class FolderDigest
{
    const string DefaultOutput = "digest.txt";
    const long HeadBytes = 4000;
    const int HeadingCharsMax = 120;
    const int ErrorCharsMax = 200;

    static readonly PlannedCall s_next = PlannedCall.Of("worklist_next");

    public static Move Next(Conversation c)
    {
        if (ScriptedPolicy.AskedToStop(c))
        {
            return Answer(c, complete: false, "I was asked to stop, so I answer with the totals so far.");
        }

        if (c.Last("list_files") is { } listing)
        {
            return Listing.Collect(c, listing, f => new WorklistItem("file", f), "digest");
        }

        if (c.Last("read_file") is { } read)
        {
            return Record(c, read);
        }

        if (c.Last("worklist_next") is { } taken)
        {
            return Take(c, taken);
        }

        return c.LastStep.Count == 0
            ? Listing.Begin(c, "I need the folder's files first. I list them and put them on the worklist.")
            : Move.Use("I take the next file from the worklist.", s_next);
    }

    static Move Take(Conversation c, AnsweredCall taken)
    {
        if (taken.Object is not { } result)
        {
            return Answer(c, complete: false, $"The worklist gave no item but '{Short(taken.Result)}'. I answer with the totals so far.");
        }

        if (JsonRead.Member(result, "item") is { } item && JsonRead.Text(item, "path") is { } path)
        {
            var left = JsonRead.Number(result, "pending") is { } pending ? $" {pending} more are waiting." : "";
            return Move.Use(
                $"The next file is {path}; I read its head for size and first heading.{left}",
                PlannedCall.Of("read_file", ("path", path), ("offset", 0L), ("limit", HeadBytes)));
        }

        return JsonRead.IsTrue(result, "done")
            ? Answer(c, complete: true, "The worklist is empty: every file has its line. I answer with the totals of the last append.")
            : Move.Use("This item names no file. I take the next one.", s_next);
    }

    static Move Record(Conversation c, AnsweredCall read)
    {
        var path = read.Argument("path");
        string line;
        string why;
        if (read.Object is { } result)
        {
            var size = JsonRead.Number(result, "size")?.ToString(CultureInfo.InvariantCulture) ?? "-";
            var heading = FirstHeading(JsonRead.Text(result, "text") ?? "");
            line = $"{Plain.OneLine(path)}\t{size}\t{heading}";
            why = $"{path} has {size} bytes and begins with \"{heading}\". I append its line and take the next file.";
        }
        else
        {
            line = $"{Plain.OneLine(path)}\t-\terror: {Short(read.Result)}";
            why = $"{path} cannot be read. I append a line that says so and take the next file.";
        }

        return Move.Use(why, PlannedCall.Of("append", ("path", Output(c)), ("line", line)), s_next);
    }

    static Move Answer(Conversation c, bool complete, string reasoning)
    {
        var totals = c.Newest("append") ?? default;
        var lines = JsonRead.Number(totals, "lines") ?? 0;
        var bytes = JsonRead.Number(totals, "bytes") ?? 0;
        var output = Output(c);
        var summary = string.Create(CultureInfo.InvariantCulture, $"{output} has {lines} lines, one for each file, and {bytes} bytes.")
            + (complete ? "" : " The folder is not finished.");
        var facts = new Facts(summary, complete,
            [("lines", lines), ("files", lines), ("entries", lines), ("bytes", bytes), ("path", output), ("digest", output), ("output", output)]);
        return Move.Answer(reasoning, c.AnswerSchema is { } schema ? AnswerWriter.Json(schema, facts) : summary);
    }

    /// <summary>The first Markdown heading; where there is none, the first line with anything on it.</summary>
    public static string FirstHeading(string text)
    {
        string? first = null;
        foreach (var raw in text.AsSpan().TrimStart('\uFEFF').EnumerateLines())
        {
            var line = raw.Trim();
            if (line.Length == 0)
            {
                continue;
            }

            if (Heading().Match(line.ToString()) is { Success: true } heading)
            {
                return OneLine(heading.Groups[1].Value);
            }

            first ??= line.ToString();
        }

        return first is null ? "(empty)" : OneLine(first);
    }

    // "append … to result.tsv" names the file; else any name of a text file in the goal; else our own.
    static string Output(Conversation c) => AppendTo().Match(c.Goal) is { Success: true } told ? told.Groups[1].Value
        : OutputName().Match(c.Goal) is { Success: true } named ? named.Value
        : DefaultOutput;

    static string Short(string? text) => Plain.Cut(Plain.OneLine(text ?? "no result"), ErrorCharsMax);

    static string OneLine(string text) => Plain.Cut(Plain.OneLine(text), HeadingCharsMax);

    [GeneratedRegex(@"^#{1,6}\s+(.+?)\s*#*$")]
    private static partial Regex Heading();

    [GeneratedRegex(@"\bappend\b[^.:]*?\bto [`'""]?(?!(?:the|a|an|it|its|this|that)\b)([A-Za-z0-9_](?:[A-Za-z0-9_./-]*[A-Za-z0-9_])?)",
        RegexOptions.IgnoreCase)]
    private static partial Regex AppendTo();

    [GeneratedRegex(@"[A-Za-z0-9_][A-Za-z0-9_./-]*\.(txt|tsv|csv)\b")]
    private static partial Regex OutputName();
}
