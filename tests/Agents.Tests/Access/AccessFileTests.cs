using System.Security.Claims;
using Agents.Access;
using Xunit;

namespace Agents.Tests.Access;

/// <summary>What an access file may say, and who may use which hub by it.</summary>
public sealed class AccessFileTests : IDisposable
{
    const string Key = "a-key-of-more-than-16";

    readonly string _folder = Directory.CreateTempSubdirectory("agents-access-").FullName;

    [Fact]
    public void Keys_come_from_variables_files_and_digests()
    {
        File.WriteAllText(Path.Combine(_folder, "other.key"), "another-key-0123456789\n");
        var digest = Convert.ToHexString(AccessKey.DigestOf("third-key-0123456789"));
        var rules = Read($$"""
            { "keys": [
              { "name": "a", "key": "env:A_KEY", "hubs": ["a"] }, { "name": "b", "key": "file:other.key", "hubs": ["b", "c"] },
              { "name": "c", "key": "sha256:{{digest}}", "hubs": ["*"] }, // whoever looks after all of them
            ] }
            """);

        Assert.Equal(["a", "b", "c"], rules.Keys.Select(k => k.Name));
        Assert.True(rules.Keys[0].Opens(AccessKey.DigestOf(Key)));
        Assert.True(rules.Keys[1].Opens(AccessKey.DigestOf("another-key-0123456789")));
        Assert.True(rules.Keys[2].Opens(AccessKey.DigestOf("third-key-0123456789")));
        Assert.False(rules.Keys[2].Opens(AccessKey.DigestOf(Key)));
    }

    [Theory]
    [InlineData("""{}""", "nobody could come in")]
    [InlineData("""[]""", "object")]
    [InlineData("""{ "keys": [], "key": 1 }""", "'key' is not known")]
    [InlineData("""{ "keys": {} }""", "list")]
    [InlineData("""{ "keys": [{ "name": "a", "key": "env:A_KEY" }] }""", "keys[0].hubs")]
    [InlineData("""{ "keys": [{ "name": "a", "key": "env:A_KEY", "hubs": [""] }] }""", "keys[0].hubs")]
    [InlineData("""{ "keys": [{ "name": "", "key": "env:A_KEY", "hubs": [] }] }""", "keys[0].name")]
    [InlineData("""{ "keys": [{ "name": "a", "key": "env:NOT_SET", "hubs": ["a"] }] }""", "NOT_SET is not set")]
    [InlineData("""{ "keys": [{ "name": "a", "key": "env:SHORT", "hubs": ["a"] }] }""", "16 characters")]
    [InlineData("""{ "keys": [{ "name": "a", "key": "secret-secret-secret", "hubs": ["a"] }] }""", "env:NAME")]
    [InlineData("""{ "keys": [{ "name": "a", "key": "sha256:12", "hubs": ["a"] }] }""", "64 hexadecimal digits")]
    [InlineData("""{ "keys": [{ "name": "a", "key": "file:nowhere", "hubs": ["a"] }] }""", "nowhere")]
    [InlineData(
        """{ "keys": [{ "name": "a", "key": "env:A_KEY", "hubs": ["a"] }, { "name": "b", "key": "env:A_KEY", "hubs": ["b"] }] }""",
        "the key of another")]
    [InlineData("""{ "tokens": { "issuer": "i", "audience": "a", "keySet": "http://issuer.example/keys" } }""", "https")]
    [InlineData("""{ "tokens": { "issuer": "i", "audience": "a", "keySet": "nowhere.json" } }""", "there is no file")]
    [InlineData("""{ "tokens": { "issuer": "i", "keySet": "https://issuer.example/keys" } }""", "tokens.audience")]
    [InlineData("""{ "keys": """, "no JSON")]
    public void What_cannot_be_is_refused_with_its_place(string json, string why)
    {
        Assert.Contains(why, Assert.Throws<AccessRulesException>(() => Read(json)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_is_refused_by_name()
    {
        var why = Assert.Throws<AccessRulesException>(() => AccessFile.Read(Path.Combine(_folder, "none.json"), _ => null));
        Assert.Contains("none.json", why.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_hub_is_open_to_whom_it_was_opened()
    {
        var rules = new AccessRules().WithKey("k", Key);

        Assert.True(rules.MayUse(User("orders"), "Orders"));
        Assert.True(rules.MayUse(User("*"), "anything"));
        Assert.False(rules.MayUse(User("orders"), "order"));
        Assert.False(rules.MayUse(User(), "orders"));
        Assert.True(new AccessRules().MayUse(User(), "orders")); // nobody is asked for anything
    }

    static ClaimsPrincipal User(params string[] hubs) => new(new ClaimsIdentity(hubs.Select(h => new Claim(AccessClaims.Hub, h)), "test"));

    AccessRules Read(string json)
    {
        var file = Path.Combine(_folder, "access.json");
        File.WriteAllText(file, json);
        return AccessFile.Read(file, name => name switch { "A_KEY" => Key, "SHORT" => "short", _ => null });
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
