using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Agents.Loop.Calls;

/// <summary>
/// Names one effect for good: the same on every attempt, replay and host, another one for every other call. Each part
/// goes in behind its length, so that no two lists of parts run together into the same bytes.
/// </summary>
public static class IdempotencyKey
{
    public static string For(string runIdentity, int step, int callIndex, string tool, string arguments)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> number = stackalloc byte[4];
        Append(runIdentity);
        BinaryPrimitives.WriteInt32BigEndian(number, step);
        hash.AppendData(number);
        BinaryPrimitives.WriteInt32BigEndian(number, callIndex);
        hash.AppendData(number);
        Append(tool);
        Append(arguments);
        return Convert.ToHexStringLower(hash.GetHashAndReset());

        void Append(string part)
        {
            var bytes = Encoding.UTF8.GetBytes(part);
            Span<byte> length = stackalloc byte[4];
            BinaryPrimitives.WriteInt32BigEndian(length, bytes.Length);
            hash.AppendData(length);
            hash.AppendData(bytes);
        }
    }
}
