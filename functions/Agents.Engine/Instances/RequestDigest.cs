using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Agents.Engine.Instances;

/// <summary>Digest of a start request: same id and same digest is the same run.</summary>
public static class RequestDigest
{
    /// <summary>SHA-256 over length-prefixed UTF-8; 64 lower-case hexadecimal digits. Null and empty differ.</summary>
    public static string Of(params ReadOnlySpan<string?> parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[4];
        foreach (var part in parts)
        {
            var bytes = part is null ? null : Encoding.UTF8.GetBytes(part);
            BinaryPrimitives.WriteInt32LittleEndian(length, bytes?.Length ?? -1);
            hash.AppendData(length);
            hash.AppendData(bytes ?? []);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
