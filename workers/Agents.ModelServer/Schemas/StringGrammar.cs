using System.Text.Json;

namespace Agents.ModelServer.Schemas;

/// <summary>GBNF for strings: lengths, patterns and the formats whose texts a grammar can tell.</summary>
static class StringGrammar
{
    /// <summary>Longer bounds than this make grammars that are slow to follow: they are left free.</summary>
    const int LengthMax = 1_000;

    /// <summary>Rules that every grammar has.</summary>
    public static readonly IReadOnlyDictionary<string, string> Rules = new Dictionary<string, string>
    {
        // Characters that every reader of JSON takes as one; no half of a pair, written out or escaped.
        ["char"] = """[\x20\x21\x23-\x5B\x5D-\x7E\u00A0-\uD7FF\uE000-\uFFFD] | escape""",
        ["escape"] = """ "\\" (["\\/bfnrt] | "u" ([0-9a-cA-CefEF] hex hex hex | [dD] [0-7] hex hex)) """.Trim(),
        ["wide"] = """char | [\U00010000-\U0010FFFF]""",
        ["hex"] = "[0-9a-fA-F]",
        ["string"] = """ "\"" wide* "\"" """.Trim(),
        ["ws"] = """(" " | "\n" [ \t]{0,16})?""",
        ["date"] = """year "-" ("0" [13578] | "1" [02]) "-" day31 | year "-" ("0" [469] | "11") "-" day30 | year "-02-" day28 | leap "-02-29" """.TrimEnd(),
        ["year"] = "[12] [0-9]{3}",
        ["leap"] = """[12] [0-9] ("0" [48] | [2468] [048] | [13579] [26])""",
        ["day28"] = """("0" [1-9] | "1" [0-9] | "2" [0-8])""",
        ["day30"] = """(day28 | "29" | "30")""",
        ["day31"] = """(day30 | "31")""",
        ["clock"] = """([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9] ":" [0-5] [0-9]""",
        ["zone"] = """("Z" | [-+] ("0" [0-9] | "1" [0-3]) ":" [0-5] [0-9])""",
    };

    static readonly Dictionary<string, string> s_formats = new()
    {
        ["date"] = "date",
        ["date-time"] = """date "T" clock ("." [0-9]{1,6})? zone""",
        ["time"] = "clock zone",
        ["uuid"] = """hex{8} "-" hex{4} "-" hex{4} "-" hex{4} "-" hex{12}""",
    };

    public static string Of(JsonElement schema, Action<string> loose)
    {
        var (least, most) = (Length(schema, "minLength") ?? 0, Length(schema, "maxLength"));
        var bounded = least > 0 || most is not null;
        if (Text(schema, "pattern") is { } pattern)
        {
            if (PatternGrammar.Of(pattern) is { } content)
            {
                if (bounded || Text(schema, "format") is not null)
                {
                    loose("pattern beside a length or format");
                }

                return Quoted(content);
            }

            loose($"pattern {pattern}");
        }

        if (Text(schema, "format") is { } format)
        {
            if (s_formats.TryGetValue(format, out var content) && !bounded)
            {
                return Quoted(content);
            }

            loose($"format {format}");
        }

        if (!bounded)
        {
            return "string";
        }

        if (least > LengthMax || most > LengthMax)
        {
            loose($"lengths over {LengthMax}");
            (least, most) = (Math.Min(least, LengthMax), most > LengthMax ? null : most);
        }

        if (most < least)
        {
            loose("maxLength below minLength");
            most = null;
        }

        // Counted are characters that are one in every way of counting.
        return Quoted(most is { } bound ? $"char{{{least},{bound}}}" : $"char{{{least}}} wide*");
    }

    static string Quoted(string content) => $""" "\"" {content} "\"" """.Trim();

    static string? Text(JsonElement schema, string name) =>
        schema.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    static int? Length(JsonElement schema, string name) => schema.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number >= 0 ? (int)Math.Min(number, int.MaxValue) : null;
}
