using System.Globalization;

namespace Agents.ModelServer.Schemas;

/// <summary>GBNF for numbers between two bounds, digit by digit.</summary>
static class NumberGrammar
{
    /// <summary>Numbers are written with at most so many digits before the point, so that every reader can hold them.</summary>
    const int DigitsMax = 15;
    const long Most = 999_999_999_999_999;

    public const string AnyInteger = "\"-\"? (\"0\" | [1-9] [0-9]{0,14})";

    /// <summary>Whole numbers from <paramref name="least"/> to <paramref name="most"/>; null bounds are open. Null when there are none.</summary>
    public static string? Integer(decimal? least, decimal? most)
    {
        if (least is null && most is null)
        {
            return AnyInteger;
        }

        var parts = Whole(Ceiling(least), Floor(most));
        return parts.Count == 0 ? null : GrammarText.OneOf(parts);
    }

    /// <summary>Numbers with or without a fraction between two bounds. Null when none is found.</summary>
    public static string? Number(decimal? least, decimal? most)
    {
        const string Fraction = "\".\" [0-9]{1,15}";
        if (least is null && most is null)
        {
            return $"{AnyInteger} ({Fraction})? ([eE] [-+]? [0-9] [0-9]?)?";
        }

        var (low, high) = (Ceiling(least), Floor(most));
        var parts = Whole(low, high);
        // A fraction moves a number away from zero by less than one.
        var above = Natural(Math.Max(0, low), Math.Min(Most, high - 1));
        var below = Natural(Math.Max(0, -high), Math.Min(Most, -low - 1));
        parts.AddRange(above.Select(p => $"{p} {Fraction}"));
        parts.AddRange(below.Select(p => $"\"-\" {p} {Fraction}"));
        if (parts.Count == 0 && least is { } between && (most is null || between <= most))
        {
            parts.Add(GrammarText.Literal(between.ToString(CultureInfo.InvariantCulture)));
        }

        return parts.Count == 0 ? null : GrammarText.OneOf(parts);
    }

    static long Ceiling(decimal? bound) => bound is { } b ? (long)Math.Clamp(Math.Ceiling(b), -Most - 1, Most + 1) : -Most;

    static long Floor(decimal? bound) => bound is { } b ? (long)Math.Clamp(Math.Floor(b), -Most - 1, Most + 1) : Most;

    static List<string> Whole(long low, long high)
    {
        var parts = new List<string>(Natural(Math.Max(0, low), Math.Min(Most, high)));
        parts.AddRange(Natural(Math.Max(1, -high), Math.Min(Most, -low)).Select(p => $"\"-\" {p}"));
        return parts;
    }

    /// <summary>Numbers without sign or leading zero, one alternative a length.</summary>
    static IEnumerable<string> Natural(long low, long high)
    {
        for (var digits = 1; digits <= DigitsMax && low <= high; digits++)
        {
            var most = Power(digits) - 1;
            if (low > most)
            {
                continue;
            }

            var (from, to) = (Math.Max(low, digits == 1 ? 0 : Power(digits - 1)), Math.Min(high, most));
            if (from <= to)
            {
                yield return Between(Text(from), Text(to));
            }
        }
    }

    /// <summary>Digits of equal number between two.</summary>
    static string Between(string low, string high)
    {
        if (low.Length == 0)
        {
            return "";
        }

        var rest = low.Length - 1;
        if (low[1..].All(d => d == '0') && high[1..].All(d => d == '9'))
        {
            return Join(Digit(low[0], high[0]), rest > 0 ? $"[0-9]{{{rest}}}" : "");
        }

        if (low[0] == high[0])
        {
            return Join(Digit(low[0], low[0]), Between(low[1..], high[1..]));
        }

        var parts = new List<string> { Join(Digit(low[0], low[0]), Between(low[1..], new string('9', rest))) };
        if (high[0] - low[0] > 1)
        {
            parts.Add(Join(Digit((char)(low[0] + 1), (char)(high[0] - 1)), $"[0-9]{{{rest}}}"));
        }

        parts.Add(Join(Digit(high[0], high[0]), Between(new string('0', rest), high[1..])));
        return GrammarText.OneOf(parts);
    }

    static string Join(string first, string rest) => rest.Length == 0 ? first : $"{first} {rest}";

    static string Digit(char from, char to) => from == to ? $"[{from}]" : $"[{from}-{to}]";

    static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    static long Power(int exponent) => (long)Math.Pow(10, exponent);
}
