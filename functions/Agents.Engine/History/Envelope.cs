namespace Agents.Engine.History;

/// <summary>
/// A history row's bytes: [version][flags][body]. Flags: 0 - the body is plain; n - it is a zstd frame made with
/// dictionary n. Both bytes are checked before anything is read.
/// </summary>
internal static class Envelope
{
    const byte Version = 1;
    const byte Plain = 0;
    const int HeaderBytes = 2;

    /// <summary>Rows come back whole into memory; a length beyond this is damage, not data.</summary>
    const int BodyBytesMax = 256 << 20;

    public static byte[] Seal(ReadOnlySpan<byte> body)
    {
        if (Compressible.Worthwhile(body))
        {
            var packed = Zstd.CompressRow(body, HeaderBytes);
            if (packed.Length < body.Length + HeaderBytes)
            {
                packed[0] = Version;
                packed[1] = EnvelopeDictionary.Current;
                return packed;
            }
        }

        var row = new byte[HeaderBytes + body.Length];
        row[0] = Version;
        row[1] = Plain;
        body.CopyTo(row.AsSpan(HeaderBytes));
        return row;
    }

    public static ReadOnlyMemory<byte> Open(ReadOnlyMemory<byte> row)
    {
        if (row.Length < HeaderBytes || row.Span[0] != Version)
        {
            throw HistoryFault.Unreadable(row.Length == 0 ? "an empty row" : $"a row of version {row.Span[0]}");
        }

        var body = row[HeaderBytes..];
        return row.Span[1] == Plain ? body : Zstd.DecompressRow(body.Span, row.Span[1], BodyBytesMax);
    }

    public static int ReadLength(ref ReadOnlyMemory<byte> rest)
    {
        var length = 0UL;
        var span = rest.Span;
        for (var i = 0; i < 5 && i < span.Length; i++)
        {
            length |= (ulong)(span[i] & 0x7F) << (7 * i);
            if (span[i] < 0x80)
            {
                rest = rest[(i + 1)..];
                return length <= (ulong)rest.Length
                    ? (int)length
                    : throw HistoryFault.Unreadable("an event longer than its row");
            }
        }

        throw HistoryFault.Unreadable("an event length that does not end");
    }
}
