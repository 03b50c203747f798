using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit;
using static Agents.Tests.Api.ApiFixture;

namespace Agents.Tests.Api;

public sealed partial class DescriptionTests
{
    [Fact]
    public async Task The_description_and_the_addresses_served_are_the_same()
    {
        await using var api = await StartAsync();
        var document = await ReadAsync(await api.Guest.GetAsync("/openapi/v1.json", TestContext.Current.CancellationToken));
        var described = document.GetProperty("paths").EnumerateObject()
            .SelectMany(p => p.Value.EnumerateObject().Select(m => $"{m.Name.ToUpperInvariant()} {p.Name}")).Order().ToList();

        Assert.Equal(Served().Order().Distinct(), described);
    }

    [Fact]
    public async Task Every_reference_of_the_description_leads_somewhere()
    {
        await using var api = await StartAsync();
        var text = await api.Guest.GetStringAsync("/openapi/v1.json", TestContext.Current.CancellationToken);
        var schemas = JsonElement.Parse(text).GetProperty("components").GetProperty("schemas");

        var named = References().Matches(text).Select(m => m.Groups[1].Value).Distinct().ToList();

        Assert.NotEmpty(named);
        Assert.All(named, n => Assert.True(schemas.TryGetProperty(n, out _), n));
    }

    [Fact]
    public async Task Health_and_models_answer()
    {
        await using var api = await StartAsync();

        var health = await ReadAsync(await api.Guest.GetAsync("/healthz", TestContext.Current.CancellationToken));
        var models = await ReadAsync(await api.Guest.GetAsync("/api/v1/models", TestContext.Current.CancellationToken));

        Assert.Equal("ok", health.GetProperty("status").GetString());
        Assert.Equal(JsonValueKind.Array, models.ValueKind);
    }

    /// <summary>Method and address of every endpoint, from the sources that map them.</summary>
    static IEnumerable<string> Served()
    {
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Tidy.Repository.Root, "functions", "Agents.Api"), "*.cs", SearchOption.AllDirectories))
        {
            var text = File.ReadAllText(file);
            foreach (Match m in Mapped().Matches(text))
            {
                yield return $"{m.Groups[1].Value.ToUpperInvariant()} {m.Groups[2].Value}";
            }

            foreach (Match m in Commands().Matches(text))
            {
                yield return $"POST /api/v1/runs/{{run}}/{m.Groups[1].Value}";
            }
        }
    }

    [GeneratedRegex(@"\.Map(Get|Post)\(""(/[^""]+)""")]
    private static partial Regex Mapped();

    [GeneratedRegex(@"Map(?:Command|Archive)\(app, ""(\w+)""")]
    private static partial Regex Commands();

    [GeneratedRegex(@"#/components/schemas/(\w+)")]
    private static partial Regex References();
}
