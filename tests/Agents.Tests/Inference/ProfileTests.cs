using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;
using Agents.Inference.Profiles;
using Xunit;

namespace Agents.Tests.Inference;

public sealed class ProfileTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("profiles-").FullName;

    static readonly DateOnly s_today = new(2026, 11, 23);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    void Write(string file, string text) => File.WriteAllText(Path.Combine(_folder, file), text);

    [Fact]
    public void Every_model_of_the_guide_ships()
    {
        var catalog = ProfileCatalog.Load();

        Assert.All(
            [
                "moonshot/kimi-k2-thinking", "moonshot/kimi-k2-thinking-turbo", "moonshot/kimi-k2.6",
                "cometapi/kimi-k2-thinking", "cometapi/kimi-k2-thinking-turbo", "vllm/kimi-k2-thinking",
                "sglang/kimi-k2-thinking", "llamacpp/kimi-k2-thinking", "openai/gpt-5",
                "anthropic/claude-sonnet-4-5", "deepseek/deepseek-v3.2", "scripted",
            ],
            name => Assert.Equal(name, catalog.Find(name).Profile?.Name));
        Assert.All(catalog.All.Where(p => p.Successor is not null), p => Assert.NotNull(catalog.Find(p.Successor!).Profile));
        Assert.All(catalog.All, p => Assert.NotNull(p.Note));
    }

    [Theory]
    [InlineData("moonshot/kimi-k2-thinking", 0.60, 2.50)]
    [InlineData("moonshot/kimi-k2-thinking-turbo", 1.15, 8.00)]
    [InlineData("cometapi/kimi-k2-thinking", 1.10, 4.40)]
    [InlineData("cometapi/kimi-k2-thinking-turbo", 2.20, 15.95)]
    [InlineData("openai/gpt-5", 1.25, 10)]
    [InlineData("anthropic/claude-sonnet-4-5", 3, 15)]
    [InlineData("deepseek/deepseek-v3.2", 0.55, 2.19)]
    public void Prices_are_those_of_the_guide(string name, double miss, double output)
    {
        var profile = ProfileCatalog.Load().Find(name).Profile!;

        Assert.Equal((decimal)miss, PriceList.Cost(profile, new TokenUsage(1_000_000), s_today));
        Assert.Equal((decimal)output, PriceList.Cost(profile, new TokenUsage(Out: 1_000_000), s_today));
    }

    [Fact]
    public void The_row_in_force_on_the_day_counts_and_unknown_prices_are_billed_as_misses()
    {
        var profile = new ModelProfile
        {
            Name = "p",
            BaseUrl = "http://x",
            Model = "m",
            Prices = [new(new(2026, 6, 1), 2, null, null, 4), new(new(2026, 1, 1), 1, 0.5m, null, 3)],
        };
        var usage = new TokenUsage(1_000_000, 1_000_000, 1_000_000, 1_000_000);

        Assert.Null(PriceList.Cost(profile, usage, new(2025, 12, 31)));
        Assert.Equal(1 + 0.5m + 1 + 3, PriceList.Cost(profile, usage, new(2026, 5, 31)));
        Assert.Equal(2 + 2 + 2 + 4, PriceList.Cost(profile, usage, new(2026, 6, 1)));
    }

    [Fact]
    public void Names_are_found_by_their_unique_end_and_near_misses_are_named()
    {
        var catalog = ProfileCatalog.Load();

        Assert.Equal("openai/gpt-5", catalog.Find("GPT-5").Profile?.Name);
        Assert.Equal(5, catalog.Find("kimi-k2-thinking").Suggestions.Count);
        var miss = catalog.Find("moonshot/kimi-k2-thinkin");
        Assert.Null(miss.Profile);
        Assert.Equal("moonshot/kimi-k2-thinking", miss.Suggestions[0]);
        Assert.Contains("openai/gpt-5", catalog.Find("gpt5").Suggestions);
        Assert.Empty(catalog.Find("qqqqqqqqqqqq").Suggestions);
        Assert.StartsWith("AG4018: there is no model 'gpt5'; did you mean openai/gpt-5", catalog.Find("gpt5").Refusal("gpt5"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_the_user_adds_or_replaces_a_profile()
    {
        Write("mine.json", """{ "name": "mine", "baseUrl": "http://127.0.0.1:9/v1", "model": "m", "idleTimeout": "00:10:00", /* why */ "prices": [], }""");
        Write("gpt.json", """{ "name": "openai/gpt-5", "baseUrl": "http://127.0.0.1:9/v1", "model": "proxy" }""");
        var catalog = ProfileCatalog.Load(_folder);

        Assert.Equal(TimeSpan.FromMinutes(10), catalog.Find("mine").Profile!.IdleTimeout);
        Assert.Equal("proxy", catalog.Find("openai/gpt-5").Profile!.Model);
        Assert.Equal("m", ProfileCatalog.Load(Path.Combine(_folder, "absent")).Find("mine").Profile?.Model ?? "m");
    }

    [Theory]
    [InlineData("""{ "name": "x", "baseUrl": "http://a/v1", "model": "m", "temprature": 1 }""", "temprature")]
    [InlineData("""{ "name": "x", "model": "m" }""", "baseUrl")]
    [InlineData("""{ "name": "x", "baseUrl": "a/v1", "model": "m" }""", "baseUrl")]
    [InlineData("""{ "name": "x", "baseUrl": "http://a/v1", "model": "m", "dialect": "smoke" }""", "dialect")]
    [InlineData("""{ "name": "x", "baseUrl": "http://a/v1", "model": "m", "extra": { "messages": [] } }""", "messages")]
    [InlineData("""{ "name": "x", "baseUrl": "http://a/v1", "model": "m", "outputTokensMax": 0 }""", "outputTokensMax")]
    [InlineData("""{ "name": "x", "baseUrl": "http://a/v1", "model": "m", "prices": [{"from":"2026-01-01","inMiss":-1,"out":1}] }""", "prices")]
    [InlineData("not json", "invalid")]
    [InlineData("null", "null")]
    public void A_faulty_file_is_named_with_its_fault(string text, string word)
    {
        Write("faulty.json", text);
        var error = Assert.Throws<ProfileException>(() => ProfileCatalog.Load(_folder));

        var problem = Assert.Single(error.Problems);
        Assert.StartsWith("AG4017: ", problem, StringComparison.Ordinal);
        Assert.Contains("faulty.json", problem, StringComparison.Ordinal);
        Assert.Contains(word, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Doctor_hears_of_retirement_missing_keys_missing_prices_and_missing_dialects()
    {
        var catalog = ProfileCatalog.Load();
        string[] Codes(string name, string? key = null) =>
            [.. ProfileWarnings.Of(catalog.Find(name).Profile!, s_today, _ => key).Select(w => w.Code)];

        Assert.Equal(["AG4019", "AG4001"], Codes("moonshot/kimi-k2-thinking"));
        Assert.Equal(["AG4019"], Codes("moonshot/kimi-k2-thinking", "k"));
        Assert.Equal(["AG4020"], Codes("moonshot/kimi-k2.6", "k"));
        Assert.Equal(["AG4019", "AG4002"], Codes("anthropic/claude-sonnet-4-5", "k"));
        Assert.Empty(Codes("scripted"));
        Assert.Contains("use moonshot/kimi-k2.6",
            ProfileWarnings.Of(catalog.Find("moonshot/kimi-k2-thinking").Profile!, s_today, _ => null)[0].Message, StringComparison.Ordinal);
    }
}
