using System.Text.Json;
using Xunit;

namespace Agents.Conformance;

/// <summary>The cases of the JavaScript suite, as rows: (SDK, case).</summary>
static class CaseList
{
    /// <summary>A row of this SDK says that the suite could not be listed; running it tells why.</summary>
    public const string Unlisted = "unlisted";

    static readonly Lazy<List<(string Sdk, string Case, bool Alone)>> s_all = new(Read);

    public static TheoryData<string, string> Of(params string[] sdks) => Of(sdks, _ => true);

    /// <summary>Without the cases that open a task hub or an endpoint of their own.</summary>
    public static TheoryData<string, string> OfShared(params string[] sdks) => Of(sdks, alone => !alone);

    static TheoryData<string, string> Of(string[] sdks, Func<bool, bool> chosen)
    {
        var rows = new TheoryData<string, string>();
        foreach (var (sdk, name, _) in s_all.Value.Where(row => row.Sdk == Unlisted || (sdks.Contains(row.Sdk) && chosen(row.Alone))))
        {
            rows.Add(sdk, name);
        }

        return rows;
    }

    static List<(string Sdk, string Case, bool Alone)> Read()
    {
        try
        {
            Packages.InstalledAsync().GetAwaiter().GetResult();
            var lines = Tool.RunAsync("node", TimeSpan.FromMinutes(1), "run.js", "--list").GetAwaiter().GetResult();
            return [.. lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)
                .Select(row => (row.GetProperty("sdk").GetString()!, row.GetProperty("case").GetString()!, row.GetProperty("alone").GetBoolean()))];
        }
        catch (Exception e) when (e is InvalidOperationException or JsonException or IOException)
        {
            return [(Unlisted, e.Message, false)];
        }
    }
}
