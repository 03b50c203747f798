using Xunit;

namespace Agents.Conformance;

/// <summary>
/// The endpoint of `agents serve`, driven by two unmodified JavaScript SDKs from npm (one that answers with completion
/// tokens and one that knows none) and by gRPC calls without any SDK. One row is one case of js/cases.
/// </summary>
public sealed class EndpointOnSqliteTests
{
    static readonly Dictionary<string, SuiteRun> s_runs = new[] { "ms", "dapr", "wire" }
        .ToDictionary(sdk => sdk, sdk => new SuiteRun(sdk, "sqlite", () => [Checkout.Agents, "serve", "--grpc-port", "{port}", "--data", "{data}"]));

    static readonly Lazy<HashSet<string>> s_unmet = new(() => CaseTable.Read("unmet.md"));

    public static TheoryData<string, string> Cases => CaseList.Of("sqlite", "ms", "dapr", "wire");

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task On_SQLite(string sdk, string name)
    {
        Assert.True(sdk != CaseList.Unlisted, name);
        if (s_unmet.Value.Contains(name))
        {
            Assert.True(await s_runs[sdk].FailureOfAsync(name) is not null, "the endpoint does as the case says: take its row out of unmet.md");
        }
        else
        {
            await s_runs[sdk].ExpectAsync(name);
        }
    }

    [Fact]
    public void Every_unmet_case_is_a_case()
    {
        var known = Cases.Select(row => row.Data.Item2).ToHashSet();
        Assert.Empty(s_unmet.Value.Except(known));
    }
}
