using System.Text.RegularExpressions;

namespace Agents.ModelServer.Scripted;

/// <summary>The opening both jobs share: list the folder page by page, every page goes on the worklist.</summary>
static partial class Listing
{
    public static Move Begin(Conversation c, string reasoning) => Move.Use(reasoning, List(c, null));

    /// <summary>Puts a page of the listing on the worklist and asks for the next page, or for the first item.</summary>
    public static Move Collect(Conversation c, AnsweredCall listing, Func<string, WorklistItem?> toItem, string job)
    {
        if (listing.Object is not { } page)
        {
            var why = $"The folder cannot be listed: {listing.Result ?? "no result"}";
            return Move.Answer("Without a listing there is nothing to work on. I say why and end.",
                c.AnswerSchema is { } schema ? AnswerWriter.Json(schema, new Facts(why, false, [])) : why);
        }

        var files = JsonRead.Texts(page, "files");
        var items = files.Select(toItem).OfType<WorklistItem>().ToList();
        var calls = new List<PlannedCall>();
        if (items.Count > 0)
        {
            calls.Add(PlannedCall.Of("worklist_add", ("items", items)));
        }

        var cursor = JsonRead.Text(page, "nextCursor");
        calls.Add(cursor is null ? PlannedCall.Of("worklist_next") : List(c, cursor));
        var reasoning = $"This page of the listing has {files.Count} files, {items.Count} of them for the {job}. "
            + (cursor is null ? "It is the last page; I begin with the first item." : "There is another page.");
        return Move.Use(reasoning, calls);
    }

    static PlannedCall List(Conversation c, string? cursor) => PlannedCall.Of(
        "list_files", ("path", Folder(c.Goal)), ("pattern", Pattern(c.Goal)), ("cursor", cursor));

    // A goal may narrow the listing: "folder `docs`", "pattern `*.md`". Without that the tool's own default holds.
    static string? Folder(string goal) => Quoted(FolderName(), goal);

    static string? Pattern(string goal) => Quoted(PatternText(), goal);

    static string? Quoted(Regex regex, string goal) => regex.Match(goal) is { Success: true } m ? m.Groups[1].Value : null;

    [GeneratedRegex("(?:folder|directory) [`'\"]([^`'\"/][^`'\"]*)[`'\"]", RegexOptions.IgnoreCase)]
    private static partial Regex FolderName();

    [GeneratedRegex("(?:pattern|matching|glob) [`'\"]([^`'\"]+)[`'\"]", RegexOptions.IgnoreCase)]
    private static partial Regex PatternText();
}
