using System.Globalization;
using System.Text;

namespace Agents.ModelServer.Schemas;

/// <summary>
/// GBNF for the content of a JSON string that a regular expression matches. It knows literals, classes, groups,
/// alternatives and repetitions, and anchors at the two ends; of a class it may leave out characters that would have to be
/// escaped. Anything else is refused, and then the string is left free.
/// </summary>
sealed class PatternGrammar
{
    const int RepeatMax = 500;
    const int DepthMax = 16;
    const string Free = "char*";

    readonly string _pattern;
    int _at;
    int _depth;

    PatternGrammar(string pattern) => _pattern = pattern;

    /// <summary>What stands between the quotes, over the rule "char"; null when the pattern is beyond this.</summary>
    public static string? Of(string pattern)
    {
        var (begins, ends) = (pattern.StartsWith('^'), pattern.EndsWith('$') && !EndsEscaped(pattern));
        var core = pattern[(begins ? 1 : 0)..(ends ? ^1 : ^0)];
        try
        {
            var reader = new PatternGrammar(core);
            var (expression, alternatives) = reader.Alternatives();
            if (reader._at < core.Length || ((begins || ends) && alternatives > 1))
            {
                return null; // an anchor would belong to one alternative only
            }

            var parts = new[] { begins ? "" : Free, expression, ends ? "" : Free }.Where(p => p.Length > 0);
            return string.Join(' ', parts) is { Length: > 0 } whole ? whole : "\"\"";
        }
        catch (FormatException)
        {
            return null;
        }
    }

    static bool EndsEscaped(string pattern) => pattern[..^1].Reverse().TakeWhile(c => c == '\\').Count() % 2 == 1;

    char? Peek => _at < _pattern.Length ? _pattern[_at] : null;

    (string Expression, int Count) Alternatives()
    {
        if (++_depth > DepthMax)
        {
            throw new FormatException();
        }

        var alternatives = new List<string> { Sequence() };
        while (Peek == '|')
        {
            _at++;
            alternatives.Add(Sequence());
        }

        _depth--;
        return (GrammarText.OneOf([.. alternatives.Select(a => a.Length == 0 ? "\"\"" : a)]), alternatives.Count);
    }

    string Sequence()
    {
        var parts = new List<string>();
        while (Peek is { } c && c is not ('|' or ')'))
        {
            parts.Add(Repeated(Atom()));
        }

        return string.Join(' ', parts);
    }

    string Atom()
    {
        var c = _pattern[_at++];
        switch (c)
        {
            case '(':
                return Group();
            case '[':
                return Chars(Class());
            case '.':
                return "char";
            case '\\':
                return Chars(Escape());
            case '^' or '$' or '*' or '+' or '?' or '{' or '}':
                throw new FormatException();
            default:
                if (char.IsSurrogate(c))
                {
                    throw new FormatException();
                }

                return Chars([(c, c)]);
        }
    }

    string Group()
    {
        if (Peek == '?')
        {
            if (!_pattern.AsSpan(_at).StartsWith("?:"))
            {
                throw new FormatException(); // looks around, names or options
            }

            _at += 2;
        }

        var (inner, _) = Alternatives();
        Expect(')');
        return $"({inner})";
    }

    string Repeated(string atom)
    {
        var suffix = Peek switch
        {
            '*' or '+' or '?' => _pattern[_at++].ToString(),
            '{' => Counts(),
            _ => "",
        };
        if (suffix.Length > 0 && Peek == '?')
        {
            _at++; // lazy: the same texts
        }

        return Peek is '*' or '+' or '{' && suffix.Length > 0 ? throw new FormatException() : atom + suffix;
    }

    string Counts()
    {
        var end = _pattern.IndexOf('}', _at);
        var counts = end < 0 ? [] : _pattern[(_at + 1)..end].Split(',');
        if (counts.Length is not (1 or 2) || !Number(counts[0], out var least))
        {
            throw new FormatException();
        }

        var most = least;
        if (counts.Length == 2 && counts[1].Length > 0 && !Number(counts[1], out most))
        {
            throw new FormatException();
        }

        _at = end + 1;
        return counts.Length == 1 ? $"{{{least}}}" : counts[1].Length == 0 ? $"{{{least},}}"
            : most >= least ? $"{{{least},{most}}}" : throw new FormatException();
    }

    static bool Number(string text, out int value) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value <= RepeatMax;

    List<(int From, int To)> Class()
    {
        var negated = Peek == '^';
        _at += negated ? 1 : 0;
        var ranges = new List<(int From, int To)>();
        for (var first = true; Peek is { } c && (c != ']' || first); first = false)
        {
            _at++;
            if (c == '[' || char.IsSurrogate(c) || (c == ']' && first))
            {
                throw new FormatException(); // classes in classes, and forms that dialects read differently
            }

            var from = c == '\\' ? Escape() : [(c, c)];
            if (Peek == '-' && _at + 1 < _pattern.Length && _pattern[_at + 1] != ']')
            {
                _at++;
                var next = _pattern[_at++];
                var to = next == '\\' ? Escape() : [(next, next)];
                if (from is not [var low] || to is not [var high] || low.From != low.To || high.From != high.To || high.To < low.From)
                {
                    throw new FormatException();
                }

                from = [(low.From, high.To)];
            }

            ranges.AddRange(from);
        }

        Expect(']');
        return negated ? Others(ranges) : ranges;
    }

    static List<(int From, int To)> Others(List<(int From, int To)> ranges)
    {
        var (others, next) = (new List<(int, int)>(), 0);
        foreach (var (from, to) in ranges.Order())
        {
            if (from > next)
            {
                others.Add((next, from - 1));
            }

            next = Math.Max(next, to + 1);
        }

        if (next <= 0xFFFD)
        {
            others.Add((next, 0xFFFD));
        }

        return others;
    }

    List<(int From, int To)> Escape()
    {
        if (Peek is not { } c)
        {
            throw new FormatException();
        }

        _at++;
        return c switch
        {
            'd' => [('0', '9')],
            'w' => [('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
            's' => [(' ', ' ')],
            'n' => [('\n', '\n')],
            'r' => [('\r', '\r')],
            't' => [('\t', '\t')],
            'x' => Hex(2),
            'u' => Hex(4),
            _ when char.IsAsciiLetterOrDigit(c) => throw new FormatException(),
            _ => [(c, c)],
        };
    }

    List<(int From, int To)> Hex(int digits)
    {
        if (_at + digits > _pattern.Length
            || !int.TryParse(_pattern.AsSpan(_at, digits), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var point)
            || point is >= 0xD800 and <= 0xDFFF)
        {
            throw new FormatException();
        }

        _at += digits;
        return [(point, point)];
    }

    void Expect(char c)
    {
        if (Peek != c)
        {
            throw new FormatException();
        }

        _at++;
    }

    /// <summary>One character of these, as it is written inside a JSON string.</summary>
    static string Chars(List<(int From, int To)> ranges)
    {
        var plain = new List<(int From, int To)>();
        var alternatives = new List<string>();
        foreach (var (from, to) in ranges)
        {
            foreach (var (low, high) in (ReadOnlySpan<(int, int)>)[(' ', '!'), ('#', '['), (']', '~'), (0xA0, 0xD7FF), (0xE000, 0xFFFD)])
            {
                if (Math.Max(from, low) <= Math.Min(to, high))
                {
                    plain.Add((Math.Max(from, low), Math.Min(to, high)));
                }
            }

            foreach (var (point, escaped) in (ReadOnlySpan<(int, string)>)[('"', "\\\""), ('\\', "\\\\"), ('\n', "\\n"), ('\r', "\\r"), ('\t', "\\t")])
            {
                if (point >= from && point <= to)
                {
                    alternatives.Add(GrammarText.Literal(escaped));
                }
            }
        }

        if (plain.Count > 0)
        {
            alternatives.Insert(0, GrammarText.Class(plain));
        }

        return alternatives.Count > 0 ? GrammarText.OneOf(alternatives) : throw new FormatException();
    }
}
