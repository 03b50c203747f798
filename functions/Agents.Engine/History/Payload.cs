using System.Security.Cryptography;
using Agents.Engine.Store;

namespace Agents.Engine.History;

/// <summary>A value stored apart from its event.</summary>
internal static class Payload
{
    public static string Read(PayloadRow row)
    {
        var bytes = Zstd.Decompress(row.Compressed.Span, row.Length);
        return SHA256.HashData(bytes).AsSpan().SequenceEqual(row.Hash.Span)
            ? LosslessUtf8.Decode(bytes)
            : throw HistoryFault.Unreadable($"a payload whose bytes are not those of {Convert.ToHexStringLower(row.Hash.Span)}");
    }
}
