using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Agents.ModelServer.Schemas;

/// <summary>Writes pieces of GBNF.</summary>
static class GrammarText
{
    static readonly JsonSerializerOptions s_plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Exactly this text.</summary>
    public static string Literal(string text)
    {
        var literal = new StringBuilder("\"");
        foreach (var c in text)
        {
            _ = c switch
            {
                '"' => literal.Append("\\\""),
                '\\' => literal.Append("\\\\"),
                '\n' => literal.Append("\\n"),
                '\r' => literal.Append("\\r"),
                '\t' => literal.Append("\\t"),
                _ => literal.Append(c),
            };
        }

        return literal.Append('"').ToString();
    }

    /// <summary>Exactly this JSON value, written without spaces.</summary>
    public static string Literal(JsonElement value) => Literal(JsonSerializer.Serialize(value, s_plain));

    /// <summary>Exactly this text as a JSON string.</summary>
    public static string JsonString(string text) => Literal(JsonSerializer.Serialize(text, s_plain));

    /// <summary>One of these; none of them is impossible and must not come here.</summary>
    public static string OneOf(IReadOnlyList<string> alternatives) =>
        alternatives.Count == 1 ? alternatives[0] : $"({string.Join(" | ", alternatives)})";

    /// <summary>A character class of these ranges of code points.</summary>
    public static string Class(IEnumerable<(int From, int To)> ranges)
    {
        var text = new StringBuilder("[");
        foreach (var (from, to) in ranges)
        {
            text.Append(Point(from));
            if (to > from)
            {
                text.Append('-').Append(Point(to));
            }
        }

        return text.Append(']').ToString();
    }

    // Letters and digits as they are, everything else by number: nothing then means something else inside a class.
    static string Point(int point) => point switch
    {
        < 128 when char.IsAsciiLetterOrDigit((char)point) => ((char)point).ToString(),
        <= 0xFF => $"\\x{point:X2}",
        <= 0xFFFF => $"\\u{point:X4}",
        _ => $"\\U{point:X8}",
    };
}
