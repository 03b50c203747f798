using System.Text;

namespace Agents.ModelServer.Chat;

/// <summary>
/// Turns the bytes of tokens into text as they come: a character that is not whole yet waits for its rest, and a text that
/// might become a stop text waits until it is known not to.
/// </summary>
sealed class TextOut(IReadOnlyList<string> stops)
{
    readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    string _held = "";

    /// <summary>True once a stop text was said. It is not part of the text, and neither is what follows it.</summary>
    public bool IsStopped { get; private set; }

    /// <summary>Text that is sure now.</summary>
    public string Take(ReadOnlySpan<byte> bytes) => Pass(Decode(bytes, flush: false), last: false);

    /// <summary>What was held back, at the end.</summary>
    public string Flush() => Pass(Decode([], flush: true), last: true);

    string Decode(ReadOnlySpan<byte> bytes, bool flush)
    {
        Span<char> chars = stackalloc char[bytes.Length + 2];
        return new string(chars[.._decoder.GetChars(bytes, chars, flush)]);
    }

    string Pass(string text, bool last)
    {
        if (IsStopped)
        {
            return "";
        }

        if (stops.Count == 0)
        {
            return text;
        }

        var whole = _held + text;
        var cut = stops.Select(s => whole.IndexOf(s, StringComparison.Ordinal)).Where(i => i >= 0).DefaultIfEmpty(-1).Min();
        if (cut >= 0)
        {
            IsStopped = true;
            _held = "";
            return whole[..cut];
        }

        var keep = last ? 0 : stops.Max(s => BeginningAtEnd(whole, s));
        _held = whole[(whole.Length - keep)..];
        return whole[..(whole.Length - keep)];
    }

    /// <summary>Characters at the end of the text that could be the beginning of a stop text.</summary>
    static int BeginningAtEnd(string text, string stop)
    {
        for (var length = Math.Min(text.Length, stop.Length - 1); length > 0; length--)
        {
            if (text.AsSpan(text.Length - length).SequenceEqual(stop.AsSpan(0, length)))
            {
                return length;
            }
        }

        return 0;
    }
}
