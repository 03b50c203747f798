using System.Security.Cryptography;

namespace Agents.Engine.History;

/// <summary>
/// Chain digest over history: H(previous, stored bytes as written). Payloads enter by their hash, which stands in the
/// stored bytes; nothing is ever encoded again to be digested.
/// </summary>
public static class HistoryDigest
{
    public const int Bytes = SHA256.HashSizeInBytes;

    /// <summary>The digest of no history.</summary>
    public static ReadOnlyMemory<byte> Empty { get; } = new byte[Bytes];

    public static byte[] Next(ReadOnlySpan<byte> previous, ReadOnlySpan<byte> stored)
    {
        if (previous.Length != Bytes)
        {
            throw new ArgumentException($"digest: {Bytes} bytes, not {previous.Length}", nameof(previous));
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(previous);
        hash.AppendData(stored);
        return hash.GetHashAndReset();
    }
}
