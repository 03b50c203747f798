using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;

namespace Agents.Access;

/// <summary>Who may come in over the network, and which task hubs each may use. Empty: whoever reaches the address may.</summary>
public sealed record AccessRules
{
    /// <summary>Keys and tokens that name this as a hub may use every hub.</summary>
    public const string EveryHub = "*";

    public IReadOnlyList<AccessKey> Keys { get; init; } = [];

    /// <summary>Null: no tokens are taken.</summary>
    public TokenRules? Tokens { get; init; }

    public bool AskForNothing => Keys.Count == 0 && Tokens is null;

    /// <summary>The rules with one more key, which may use every hub.</summary>
    public AccessRules WithKey(string name, string key) =>
        this with { Keys = [.. Keys, new AccessKey(name, AccessKey.DigestOf(key), [EveryHub])] };

    /// <summary>Whether whoever was let in as <paramref name="user"/> may use that hub. Names of hubs differ not by case.</summary>
    public bool MayUse(ClaimsPrincipal user, string hub) => AskForNothing
        || user.FindAll(AccessClaims.Hub).Any(c => c.Value == EveryHub || string.Equals(c.Value, hub, StringComparison.OrdinalIgnoreCase));
}

/// <summary>A key that callers show. Only its SHA-256 is kept in memory.</summary>
public sealed record AccessKey(string Name, ReadOnlyMemory<byte> Digest, IReadOnlyList<string> Hubs)
{
    public static byte[] DigestOf(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));

    public bool Opens(ReadOnlySpan<byte> digest) => CryptographicOperations.FixedTimeEquals(Digest.Span, digest);
}

/// <summary>Which signed tokens (JWT) are taken: by whom, for whom, and with whose signature.</summary>
public sealed record TokenRules
{
    public required string Issuer { get; init; }

    public required string Audience { get; init; }

    /// <summary>Address of the issuer's key set (JWKS): an https URL, http on loopback, or the path of a file.</summary>
    public required string KeySet { get; init; }

    /// <summary>Claim that names the hubs its bearer may use: a list, or names with spaces between; "*" is every hub.</summary>
    public string HubClaim { get; init; } = "hubs";

    /// <summary>Hubs that every bearer of such a token may use besides.</summary>
    public IReadOnlyList<string> Hubs { get; init; } = [];
}

/// <summary>What a caller's identity says here.</summary>
public static class AccessClaims
{
    /// <summary>One for each hub the caller may use.</summary>
    public const string Hub = "agents:hub";

    /// <summary>Unix seconds after which the identity is no longer good.</summary>
    const string Expires = "exp";

    /// <summary>Until when the caller is let in; null: without end.</summary>
    public static DateTimeOffset? Until(ClaimsPrincipal user) =>
        long.TryParse(user.FindFirst(Expires)?.Value, out var seconds) ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;
}

/// <summary>The rules cannot be used; the text says where and why.</summary>
public sealed class AccessRulesException(string message, Exception? inner = null) : Exception(message, inner);
