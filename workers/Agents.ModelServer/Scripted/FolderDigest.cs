using System.Globalization;
using System.Text.RegularExpressions;

namespace Agents.ModelServer.Scripted;

/// <summary>
/// The folder digest: every file goes on the worklist; each is taken, its head is asked for, and one line about it is
/// appended. The totals of the answer are those the append tool counted, not ours.
/// </summary>
static partial class FolderDigest
{
    const string DefaultOutput = "digest.txt";

    static readonly PlannedCall s_next = PlannedCall.Of("worklist_next");

    public static Move Next(Conversation c)
    {
        if (ScriptedPolicy.AskedToStop(c))
        {
            return Answer(c, complete: false, "I was asked to stop, so I answer with the totals so far.");
        }

        if (c.LastStep.Count == 0)
        {
            return Move.Use("I put the files on the worklist.", PlannedCall.Of("worklist_files", ("kind", "file"), ("pattern", Goal.Pattern(c.Goal))));
        }

        if (c.Last("worklist_files") is { Object: null } listing)
        {
            return Goal.Unlisted(c, listing);
        }

        if (c.Last("file_head") is { } head)
        {
            return Record(c, head);
        }

        return c.Last("worklist_next") is { } taken ? Take(c, taken) : Move.Use("I take the first file.", s_next);
    }

    static Move Take(Conversation c, AnsweredCall taken)
    {
        if (taken.Object is not { } result)
        {
            return Answer(c, complete: false, "The worklist gave no item. I answer with the totals so far.");
        }

        return JsonRead.Member(result, "item") is not { } item ? Answer(c, complete: true, "Every file has its line. I answer with the totals.")
            : JsonRead.Text(item, "path") is { } path ? Move.Use("I ask for the head of this file.", PlannedCall.Of("file_head", ("path", path)))
            : Move.Use("This item names no file. I take the next one.", s_next);
    }

    static Move Record(Conversation c, AnsweredCall head)
    {
        var path = head.Argument("path");
        if (head.Object is { } result)
        {
            var size = (JsonRead.Number(result, "size") ?? 0).ToString(CultureInfo.InvariantCulture);
            return Line(c, "I append its line and take the next file.", $"{path}\t{size}\t{JsonRead.Text(result, "heading")}");
        }

        // Not there: a slip of the pen if what was taken is another one.
        return c.Newest("worklist_next") is { } taken && JsonRead.Member(taken, "item") is { } item
            && JsonRead.Text(item, "path") is { } wanted && wanted != path
            ? Move.Use("There is no such file. I ask for the one in hand.", PlannedCall.Of("file_head", ("path", wanted)))
            : Line(c, "It cannot be read. I append that and take the next file.", $"{path}\t-\t(unreadable)");
    }

    static Move Line(Conversation c, string why, string line) =>
        Move.Use(why, PlannedCall.Of("append", ("path", Output(c)), ("line", Plain.OneLine(line, keepTabs: true))), s_next);

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

    // "append … to result.tsv" names the file; else any name of a text file in the goal; else our own.
    static string Output(Conversation c) => AppendTo().Match(c.Goal) is { Success: true } told ? told.Groups[1].Value
        : OutputName().Match(c.Goal) is { Success: true } named ? named.Value
        : DefaultOutput;

    [GeneratedRegex(@"\bappend\b[^.:]*?\bto [`'""]?(?!(?:the|a|an|it|its|this|that)\b)([A-Za-z0-9_](?:[A-Za-z0-9_./-]*[A-Za-z0-9_])?)",
        RegexOptions.IgnoreCase)]
    private static partial Regex AppendTo();

    [GeneratedRegex(@"[A-Za-z0-9_][A-Za-z0-9_./-]*\.(txt|tsv|csv)\b")]
    private static partial Regex OutputName();
}
