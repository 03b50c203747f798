using ZstdSharp;

namespace Agents.Engine.History;

/// <summary>zstd contexts, one set a thread: they are costly to make and not safe to share.</summary>
internal static class Zstd
{
    const int RowLevel = 1;
    const int PayloadLevel = 3;

    [ThreadStatic]
    static Compressor? t_rows;

    [ThreadStatic]
    static Compressor? t_payloads;

    [ThreadStatic]
    static Decompressor? t_plain;

    [ThreadStatic]
    static Decompressor? t_dictionary;

    [ThreadStatic]
    static byte[]? t_scratch;

    public static byte[] Compress(ReadOnlySpan<byte> bytes) => (t_payloads ??= new Compressor(PayloadLevel)).Wrap(bytes).ToArray();

    public static byte[] Decompress(ReadOnlySpan<byte> bytes, int length)
    {
        try
        {
            var text = (t_plain ??= new Decompressor()).Unwrap(bytes, length);
            return text.Length == length ? text.ToArray() : throw HistoryFault.Unreadable("a payload of another length");
        }
        catch (ZstdException e)
        {
            throw HistoryFault.Unreadable($"a payload that does not decompress ({e.Message})");
        }
    }

    /// <summary>The frame behind <paramref name="headroom"/> free bytes.</summary>
    public static byte[] CompressRow(ReadOnlySpan<byte> body, int headroom)
    {
        var compressor = t_rows ??= RowCompressor();
        var bound = Compressor.GetCompressBound(body.Length);
        if (t_scratch is null || t_scratch.Length < bound)
        {
            t_scratch = new byte[Math.Max(bound, 16 * 1024)];
        }

        var length = compressor.Wrap(body, t_scratch.AsSpan());
        var packed = new byte[headroom + length];
        t_scratch.AsSpan(0, length).CopyTo(packed.AsSpan(headroom));
        return packed;
    }

    public static byte[] DecompressRow(ReadOnlySpan<byte> frame, byte dictionary, int bytesMax)
    {
        if (dictionary != EnvelopeDictionary.Current)
        {
            throw HistoryFault.Unreadable($"a row packed with dictionary {dictionary}, which this build does not have");
        }

        try
        {
            return (t_dictionary ??= RowDecompressor()).Unwrap(frame, bytesMax).ToArray();
        }
        catch (ZstdException e)
        {
            throw HistoryFault.Unreadable($"a row that does not decompress ({e.Message})");
        }
    }

    static Compressor RowCompressor()
    {
        var compressor = new Compressor(RowLevel);
        compressor.LoadDictionary(EnvelopeDictionary.Bytes);
        return compressor;
    }

    static Decompressor RowDecompressor()
    {
        var decompressor = new Decompressor();
        decompressor.LoadDictionary(EnvelopeDictionary.Bytes);
        return decompressor;
    }
}
