using System.Text.Json;
using System.Text.RegularExpressions;

namespace Agents.ModelServer.Scripted;

/// <summary>What both jobs read of a goal and of what tools say in words.</summary>
static partial class Goal
{
    /// <summary>A goal may narrow the files: "pattern `docs/**`". Null where it does not.</summary>
    public static string? Pattern(string goal) => PatternText().Match(goal) is { Success: true } m ? m.Groups[1].Value : null;

    /// <summary>The item that a refusal names as the one in hand.</summary>
    public static JsonElement? InHand(string? refusal)
    {
        const string Mark = "In hand: ";
        var at = refusal?.IndexOf(Mark, StringComparison.Ordinal) ?? -1;
        return at < 0 ? null : JsonRead.Object(refusal![(at + Mark.Length)..]);
    }

    public static Move Unlisted(Conversation c, AnsweredCall listing)
    {
        var why = $"The folder cannot be listed: {listing.Result ?? "no result"}";
        return Move.Answer("Without the files there is nothing to work on. I say why and end.",
            c.AnswerSchema is { } schema ? AnswerWriter.Json(schema, new Facts(why, false, [])) : why);
    }

    [GeneratedRegex("(?:pattern|matching|glob) [`'\"]([^`'\"]+)[`'\"]", RegexOptions.IgnoreCase)]
    private static partial Regex PatternText();
}
