using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Agents.Engine.History;

/// <summary>
/// UTF-8 that gives back every .NET string as it was. A lone surrogate (half of a character, as a tool may cut one) has
/// no UTF-8 form; the usual encoder would replace it and a replayed run would see another text than the hot one did. It is
/// stored as the three bytes that its number would take. What goes on the wire is made well-formed, see ToProtocol.
/// </summary>
public static class LosslessUtf8
{
    const int LoneSurrogateBytes = 3;   // as many as the replacement character takes: lengths agree with Encoding.UTF8

    public static int ByteCount(string text) => Encoding.UTF8.GetByteCount(text);

    public static byte[] Encode(string text)
    {
        var bytes = new byte[ByteCount(text)];
        Encode(text, bytes);
        return bytes;
    }

    /// <summary>Fills <paramref name="into"/> wholly; its length is <see cref="ByteCount"/> of the text.</summary>
    public static void Encode(ReadOnlySpan<char> text, Span<byte> into)
    {
        while (Utf8.FromUtf16(text, into, out var read, out var written, replaceInvalidSequences: false)
            == OperationStatus.InvalidData)
        {
            var surrogate = text[read];
            into[written] = (byte)(0xE0 | (surrogate >> 12));
            into[written + 1] = (byte)(0x80 | ((surrogate >> 6) & 0x3F));
            into[written + 2] = (byte)(0x80 | (surrogate & 0x3F));
            text = text[(read + 1)..];
            into = into[(written + LoneSurrogateBytes)..];
        }
    }

    public static string Decode(ReadOnlySpan<byte> bytes) =>
        Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : DecodeWithSurrogates(bytes);

    /// <summary>The same text with U+FFFD in place of lone surrogates; the same object where there are none.</summary>
    public static string WellFormed(string text) =>
        HasLoneSurrogate(text) ? Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)) : text;

    static bool HasLoneSurrogate(ReadOnlySpan<char> text)
    {
        for (var i = text.IndexOfAnyInRange('\ud800', '\udfff'); i >= 0 && i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                i++;
            }
            else if (char.IsSurrogate(text[i]))
            {
                return true;
            }
        }

        return false;
    }

    static string DecodeWithSurrogates(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        var chars = new char[bytes.Length];
        while (Utf8.ToUtf16(bytes, chars, out var read, out var written, replaceInvalidSequences: false)
            == OperationStatus.InvalidData)
        {
            text.Append(chars, 0, written);
            bytes = bytes[read..];
            text.Append(ReadSurrogate(bytes));
            bytes = bytes[LoneSurrogateBytes..];
        }

        Utf8.ToUtf16(bytes, chars, out _, out var rest, replaceInvalidSequences: false);
        return text.Append(chars, 0, rest).ToString();
    }

    static char ReadSurrogate(ReadOnlySpan<byte> bytes) =>
        bytes.Length >= LoneSurrogateBytes && bytes[0] == 0xED && (bytes[1] & 0xE0) == 0xA0 && (bytes[2] & 0xC0) == 0x80
            ? (char)(0xD000 | ((bytes[1] & 0x3F) << 6) | (bytes[2] & 0x3F))
            : throw HistoryFault.Unreadable("a string that is not UTF-8");
}
