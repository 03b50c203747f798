namespace Agents.ModelServer.Scripted;

/// <summary>Cutting text without cutting a character.</summary>
static class Plain
{
    const int PieceCharsMax = 24;

    /// <summary>At most <paramref name="max"/> characters, with a sign that something was left out.</summary>
    public static string Cut(string text, int max) =>
        text.Length <= max ? text : text[..(char.IsHighSurrogate(text[max - 1]) ? max - 1 : max)] + "…";

    /// <summary>A text on one line without control characters.</summary>
    public static string OneLine(string text, bool keepTabs = false)
    {
        if (keepTabs)
        {
            return string.Join('\t', text.Split('\t').Select(part => OneLine(part)));
        }

        var line = string.Join(' ', text.Split((char[])[' ', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries));
        return new string([.. line.Where(c => !char.IsControl(c) && c is not ('\u2028' or '\u2029'))]);
    }

    /// <summary>A word at a time, blanks with the word before them, as tokens come.</summary>
    public static IEnumerable<string> Pieces(string text)
    {
        var start = 0;
        for (var i = 1; i <= text.Length; i++)
        {
            var wordBegins = i < text.Length && char.IsWhiteSpace(text[i - 1]) && !char.IsWhiteSpace(text[i]);
            var full = i - start >= PieceCharsMax && !(i < text.Length && char.IsLowSurrogate(text[i]));
            if (i == text.Length || wordBegins || full)
            {
                yield return text[start..i];
                start = i;
            }
        }
    }
}
