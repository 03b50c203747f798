using System.Text.Json;
using Xunit;

namespace Agents.Conformance;

/// <summary>The cases of the JavaScript suite, as rows: (SDK, case).</summary>
static class CaseList
{
    /// <summary>A row of this SDK says that the suite could not be listed; running it tells why.</summary>
    public const string Unlisted = "unlisted";

    static readonly Lazy<List<(string Sdk, string Case, string? Store)>> s_all = new(Read);

    /// <summary>The rows of these SDKs, without those that mean another store.</summary>
    public static TheoryData<string, string> Of(string store, params string[] sdks)
    {
        var rows = new TheoryData<string, string>();
        foreach (var (sdk, name, _) in s_all.Value
            .Where(row => row.Sdk == Unlisted || (sdks.Contains(row.Sdk) && (row.Store is null || row.Store == store))))
        {
            rows.Add(sdk, name);
        }

        return rows;
    }

    static List<(string Sdk, string Case, string? Store)> Read()
    {
        try
        {
            Packages.InstalledAsync().GetAwaiter().GetResult();
            var lines = Tool.RunAsync("node", TimeSpan.FromMinutes(1), "run.js", "--list").GetAwaiter().GetResult();
            return [.. lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)
                .Select(row => (row.GetProperty("sdk").GetString()!, row.GetProperty("case").GetString()!,
                    row.TryGetProperty("store", out var store) ? store.GetString() : null))];
        }
        catch (Exception e) when (e is InvalidOperationException or JsonException or IOException)
        {
            return [(Unlisted, e.Message, null)];
        }
    }
}
