using Xunit;

namespace Agents.Conformance;

/// <summary>
/// The same cases against the SDK's own in-memory backend, so that what they expect is not merely what our server does.
/// Where that backend does something else, differences.md says what and why the case is right all the same.
/// </summary>
public sealed class InMemoryBackendTests
{
    static readonly SuiteRun s_run = new("memory", "memory", () => null);
    static readonly Lazy<HashSet<string>> s_differences = new(() => CaseTable.Read("differences.md"));

    public static TheoryData<string, string> Cases => CaseList.Of("memory", "memory");

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task It_does_as_the_case_says_or_as_differences_md_says(string sdk, string name)
    {
        Assert.True(sdk != CaseList.Unlisted, name);
        var failure = await s_run.FailureOfAsync(name);
        if (s_differences.Value.Contains(name))
        {
            Assert.True(failure is not null, "the backend does as the case says: take its row out of differences.md");
        }
        else
        {
            Assert.True(failure is null, failure);
        }
    }

    [Fact]
    public void Every_difference_names_a_case()
    {
        var known = Cases.Select(row => row.Data.Item2).ToHashSet();
        Assert.Empty(s_differences.Value.Except(known));
    }
}
