using System.Globalization;
using System.Text;
using Agents.ModelServer.Generation;

namespace Agents.ModelServer.Training.Lessons;

/// <summary>Makes up names as people, tools and accidents make them. How odd they are varies from tree to tree.</summary>
sealed class NameMaker
{
    const string Consonants = "bcdfghjklmnprstvwz";
    const string Vowels = "aeiou";

    readonly Chance _chance;
    readonly WordBook _book;
    readonly double _odd;
    readonly double _foreign;
    readonly double _capital;
    readonly string _joint;

    public NameMaker(Chance chance, WordBook book)
    {
        (_chance, _book) = (chance, book);
        _odd = _chance.NextUnit() < 0.3 ? _chance.NextUnit() * 0.7 : _chance.NextUnit() * 0.25;
        _foreign = _chance.NextUnit() < 0.3 ? _chance.NextUnit() * 0.3 : 0;
        _capital = _chance.NextUnit() < 0.5 ? _chance.NextUnit() : 0;
        _joint = Pick("-", "-", "_", "_", ".", "", " ");
    }

    public T Pick<T>(params IReadOnlyList<T> list) => list[_chance.Below(list.Count)];

    public bool Is(double share) => _chance.NextUnit() < share;

    public int Between(int low, int high) => low + _chance.Below(high - low + 1);

    public string Word(bool ascii = false)
    {
        if (!ascii && Is(_foreign))
        {
            return Is(_book.Made) ? Runes() : Pick(_book.Foreign);
        }

        var word = Is(_book.Made) ? Pieces() : !Is(_odd) ? Pick(_book.Plain) : Between(0, 5) switch
        {
            0 => Letters(Between(1, 9)),
            1 => Number(),
            2 => Letters(Between(1, 3)) + Number(),
            _ => Syllables(Between(1, 4)),
        };
        return Is(_capital) ? Capital(word) : Is(0.02) ? word.ToUpperInvariant() : word;
    }

    /// <summary>A name without its ending.</summary>
    public string Stem(bool ascii = false)
    {
        var count = Is(0.6) ? 1 : Is(0.7) ? 2 : Between(3, 5);
        if (Is(_capital * 0.5))
        {
            return string.Concat(Enumerable.Range(0, count + 1).Select(_ => Capital(Word(ascii))));
        }

        var joint = Is(0.8) ? _joint : Pick("-", "_", ".", "");
        joint = ascii && joint == " " ? "-" : joint;
        return string.Join(joint, Enumerable.Range(0, count).Select(_ => Word(ascii)));
    }

    public string FileName(string ending, bool ascii = false) => $"{Stem(ascii)}.{ending}";

    /// <summary>A name as of source code.</summary>
    public string Symbol() => string.Concat(Enumerable.Range(0, Between(2, 3))
        .Select(_ => Capital((Is(_book.Made) ? Pieces() : Is(0.8) ? Pick(_book.Plain) : Syllables(2)).ToLowerInvariant())));

    /// <summary>Another name that is easily taken for this one.</summary>
    public string Near(string stem) => stem.Length == 0 ? Word() : Between(0, 7) switch
    {
        0 => stem + Pick("-2", "2", "_1", "-new", "-old", "s", "-b"),
        1 => stem + Pick(_joint, "-") + Word(ascii: true),
        2 when char.IsAsciiLetter(stem[^1]) => stem[..^1] + Letters(1),
        3 when stem.Length > 2 && char.IsAsciiLetter(stem[1]) => stem[0] + Letters(1) + stem[2..],
        4 => stem + Number(),
        5 when char.IsAsciiLetter(stem[0]) => Letters(1) + stem[1..],
        6 when stem.Length > 3 && char.IsAscii(stem[^1]) && char.IsAscii(stem[^2]) => stem[..^1],
        _ => stem + Letters(1),
    };

    public string Number() => Between(0, 4) switch
    {
        0 => Between(0, 9).ToString(CultureInfo.InvariantCulture),
        1 => Between(10, 9999).ToString(CultureInfo.InvariantCulture),
        2 => $"{Between(0, 3)}.{Between(0, 20)}",
        3 => $"v{Between(1, 12)}",
        _ => $"20{Between(10, 29)}-{Between(1, 12):00}-{Between(1, 28):00}",
    };

    public string Letters(int count) => new([.. Enumerable.Range(0, count).Select(_ => (char)('a' + _chance.Below(26)))]);

    public string Host() => Is(0.3) ? Pick(_book.Hosts)
        : (Is(0.3) ? Word(ascii: true) + "." : "") + $"{Word(ascii: true)}.{Pick("org", "com", "net", "io", "dev", "de", "example")}";

    public string Ending() => Pick(_book.Endings);

    public static string Capital(string word) => word.Length == 0 ? word : char.ToUpperInvariant(word[0]) + word[1..];

    /// <summary>A heading that Markdown takes as it stands; now and then an odd one.</summary>
    public string Heading()
    {
        var words = Enumerable.Range(0, Is(0.9) ? Between(1, 5) : Between(6, 14)).Select(_ => Word()).ToList();
        words[0] = Is(0.7) ? Capital(words[0]) : words[0];
        var text = string.Join(' ', words);
        return Between(0, 11) switch
        {
            0 => text + Pick("?", "!", ".", ":", " (draft)", ", again"),
            1 => $"{Number()} {text}",
            2 => $"{text} & {Word()}",
            3 => $"\"{text}\"",
            4 => $"{text}: {Word()}/{Word()}",
            _ => text,
        };
    }

    public string Sentence()
    {
        var text = new StringBuilder(Capital(Pick(_book.Plain)));
        for (var i = Between(2, 9); i > 0; i--)
        {
            text.Append(' ').Append(Pick(_book.Plain));
        }

        return text.Append('.').ToString();
    }

    /// <summary>A word of pieces and letters by chance: no piece foretells the next.</summary>
    string Pieces()
    {
        var word = new StringBuilder();
        for (var i = Between(1, 4); i > 0; i--)
        {
            word.Append(Is(0.25) ? Letters(Between(1, 2)) : Pick(_book.Pieces));
        }

        return word.ToString();
    }

    string Runes()
    {
        var (first, last) = Pick((0xE0, 0xF6), (0x430, 0x44F), (0x3B1, 0x3C9), (0x4E00, 0x9FA5), (0xAC00, 0xD7A3), (0x3041, 0x3096));
        return string.Concat(Enumerable.Range(0, Between(1, 5)).Select(_ => Is(0.1) ? Letters(1) : new Rune(Between(first, last)).ToString()));
    }

    string Syllables(int count)
    {
        var word = new StringBuilder();
        for (var i = 0; i < count; i++)
        {
            word.Append(Consonants[_chance.Below(Consonants.Length)]).Append(Vowels[_chance.Below(Vowels.Length)]);
            if (Is(0.4))
            {
                word.Append(Consonants[_chance.Below(Consonants.Length)]);
            }
        }

        return word.ToString();
    }
}
