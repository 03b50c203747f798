using System.Text;
using System.Text.Unicode;
using Microsoft.Win32.SafeHandles;

namespace Agents.Tools.Files;

/// <summary>A piece of a UTF-8 file that begins and ends between characters.</summary>
sealed record TextWindow(long Size, long Offset, long Next, string Text)
{
    const int CharacterBytesMax = 4;

    public bool Eof => Next >= Size;

    /// <summary>Null when the bytes are not text: a NUL or a sequence that is no UTF-8.</summary>
    public static TextWindow? Read(SafeFileHandle file, long size, long offset, int limit)
    {
        offset = Math.Clamp(offset, 0, size);
        var wanted = (int)Math.Min(Math.Max(limit, CharacterBytesMax), size - offset);
        var bytes = new byte[wanted];
        var read = 0;
        while (read < wanted && RandomAccess.Read(file, bytes.AsSpan(read), offset + read) is var more and > 0)
        {
            read += more;
        }

        // Fewer bytes than the size promised: the file shrank while we read, and this is its end now.
        size = read < wanted ? offset + read : size;
        var start = offset == 0 ? Mark(bytes.AsSpan(0, read)) : Inside(bytes.AsSpan(0, read));
        var end = offset + read < size ? Whole(bytes.AsSpan(0, read)) : read;
        var text = bytes.AsSpan(start, Math.Max(0, end - start));
        return text.Contains((byte)0) || !Utf8.IsValid(text)
            ? null
            : new TextWindow(size, offset + start, offset + Math.Max(start, end), Encoding.UTF8.GetString(text));
    }

    // A byte order mark is no text.
    static int Mark(ReadOnlySpan<byte> bytes) => bytes.StartsWith("\uFEFF"u8) ? 3 : 0;

    // An offset in the middle of a character moves behind it.
    static int Inside(ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        while (at < bytes.Length && at < CharacterBytesMax - 1 && (bytes[at] & 0xc0) == 0x80)
        {
            at++;
        }

        return at;
    }

    // Length without a last character that is cut.
    static int Whole(ReadOnlySpan<byte> bytes)
    {
        for (var back = 1; back <= CharacterBytesMax && back <= bytes.Length; back++)
        {
            var lead = bytes[^back];
            if ((lead & 0xc0) == 0x80)
            {
                continue;
            }

            var length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
            return length > back ? bytes.Length - back : bytes.Length;
        }

        return bytes.Length;
    }
}
