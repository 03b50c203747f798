using System.Security.Cryptography;
using System.Text;

namespace Agents.Client.Runs;

/// <summary>Ids of runs: 26 characters of lower-case base 32 (no vowels that spell, no look-alikes).</summary>
public static class RunIds
{
    const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    const int Length = 26;

    /// <summary>The id of this tenant's key, the same for ever.</summary>
    public static string FromKey(string tenant, string key) =>
        Encode(SHA256.HashData(Encoding.UTF8.GetBytes($"{Encoding.UTF8.GetByteCount(tenant)}:{tenant}{key}")));

    public static string Random() => Encode(RandomNumberGenerator.GetBytes(Length));

    static string Encode(byte[] bytes) =>
        string.Create(Length, bytes, static (text, source) =>
        {
            for (var i = 0; i < text.Length; i++)
            {
                text[i] = Alphabet[source[i] & 31];
            }
        });
}
