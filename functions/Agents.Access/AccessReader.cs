using System.Text.Json;

namespace Agents.Access;

/// <summary>Takes access rules from JSON, piece by piece; each refusal names its place.</summary>
internal sealed class AccessReader(string folder, Func<string, string?> environment)
{
    const int KeysMax = 1_000;
    const int KeyCharactersMin = 16;

    public AccessRules Rules(JsonElement root)
    {
        Only(root, "the file", "keys", "tokens");
        var keys = root.TryGetProperty("keys", out var listed) ? Keys(listed) : [];
        var rules = new AccessRules { Keys = keys, Tokens = root.TryGetProperty("tokens", out var tokens) ? Tokens(tokens) : null };
        return rules.AskForNothing ? throw new AccessRulesException("neither a key nor tokens are named: nobody could come in") : rules;
    }

    List<AccessKey> Keys(JsonElement listed)
    {
        if (listed.ValueKind != JsonValueKind.Array || listed.GetArrayLength() > KeysMax)
        {
            throw new AccessRulesException($"keys: a list of {KeysMax} keys at most");
        }

        var keys = new List<AccessKey>();
        foreach (var one in listed.EnumerateArray())
        {
            var where = $"keys[{keys.Count}]";
            Only(one, where, "name", "key", "hubs");
            var key = new AccessKey(Text(one, where, "name"), Digest(Text(one, where, "key"), where), Hubs(one, where));
            if (keys.Exists(k => k.Opens(key.Digest.Span)))
            {
                throw new AccessRulesException($"{where}: '{key.Name}' has the key of another");
            }

            keys.Add(key);
        }

        return keys;
    }

    TokenRules Tokens(JsonElement one)
    {
        Only(one, "tokens", "issuer", "audience", "keySet", "hubClaim", "hubs");
        var rules = new TokenRules
        {
            Issuer = Text(one, "tokens", "issuer"), Audience = Text(one, "tokens", "audience"), KeySet = KeySet(Text(one, "tokens", "keySet")),
        };
        rules = one.TryGetProperty("hubClaim", out _) ? rules with { HubClaim = Text(one, "tokens", "hubClaim") } : rules;
        return one.TryGetProperty("hubs", out _) ? rules with { Hubs = Hubs(one, "tokens") } : rules;
    }

    string KeySet(string address)
    {
        if (!address.Contains("://", StringComparison.Ordinal))
        {
            var path = Path.GetFullPath(address, folder);
            return File.Exists(path) ? path : throw new AccessRulesException($"tokens.keySet: there is no file {path}");
        }

        return Uri.TryCreate(address, UriKind.Absolute, out var url) && (url.Scheme == "https" || (url.Scheme == "http" && url.IsLoopback))
            ? address
            : throw new AccessRulesException($"tokens.keySet: '{address}' is neither https nor on this machine");
    }

    ReadOnlyMemory<byte> Digest(string reference, string where)
    {
        var (kind, value) = reference.Split(':', 2) is [var k, var v] ? (k, v) : ("", "");
        return kind switch
        {
            "env" => OfKey(environment(value) ?? throw new AccessRulesException($"{where}.key: the variable {value} is not set"), where),
            "file" => OfKey(File.ReadAllText(Path.GetFullPath(value, folder)).TrimEnd('\r', '\n'), where),
            "sha256" when value.Length == 64 && value.All(char.IsAsciiHexDigit) => Convert.FromHexString(value),
            _ => throw new AccessRulesException($"{where}.key: say env:NAME, file:PATH, or sha256: and 64 hexadecimal digits"),
        };
    }

    static byte[] OfKey(string key, string where) => key.Length >= KeyCharactersMin
        ? AccessKey.DigestOf(key)
        : throw new AccessRulesException($"{where}.key: a key has {KeyCharactersMin} characters or more, or it could be guessed");

    static List<string> Hubs(JsonElement one, string where) =>
        one.TryGetProperty("hubs", out var hubs) && hubs.ValueKind == JsonValueKind.Array
            && hubs.EnumerateArray().All(h => h is { ValueKind: JsonValueKind.String } && h.GetString()!.Length > 0)
            ? [.. hubs.EnumerateArray().Select(h => h.GetString()!)]
            : throw new AccessRulesException($"{where}.hubs: a list of names of task hubs; \"{AccessRules.EveryHub}\" is every hub");

    static string Text(JsonElement one, string where, string name) =>
        one.TryGetProperty(name, out var value) && value is { ValueKind: JsonValueKind.String } && value.GetString()!.Length > 0
            ? value.GetString()!
            : throw new AccessRulesException($"{where}.{name}: a text is needed");

    static void Only(JsonElement one, string where, params string[] names)
    {
        if (one.ValueKind != JsonValueKind.Object)
        {
            throw new AccessRulesException($"{where}: an object is needed");
        }

        foreach (var unknown in one.EnumerateObject().Where(p => !names.Contains(p.Name)))
        {
            throw new AccessRulesException($"{where}: '{unknown.Name}' is not known; there are {string.Join(", ", names)}");
        }
    }
}
