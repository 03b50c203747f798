using System.Security.Cryptography;
using System.Text;

namespace Agents.Replay.Session;

/// <summary>UUID version 5 (SHA-1 of namespace and name) in the Durable Task namespace.</summary>
internal static class NameBasedGuid
{
    static readonly byte[] s_namespace = new Guid("9e952958-5e33-4daf-827f-2fa12937b875").ToByteArray(bigEndian: true);

    public static Guid Create(string name)
    {
        byte[] bytes = [.. s_namespace, .. Encoding.UTF8.GetBytes(name)];
        Span<byte> hash = stackalloc byte[SHA1.HashSizeInBytes];
        SHA1.HashData(bytes, hash);
        hash[6] = (byte)((hash[6] & 0x0F) | 0x50);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash[..16], bigEndian: true);
    }
}
