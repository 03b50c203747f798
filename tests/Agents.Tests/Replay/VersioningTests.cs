using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Replay;
using Agents.Replay.Versioning;
using Agents.TestKit.Replay;
using Xunit;

namespace Agents.Tests.Replay;

public sealed class VersioningTests
{
    [Theory]
    [InlineData(null, "", 0)]
    [InlineData(null, "0", -1)]
    [InlineData("1", "", 1)]
    [InlineData("2", "10", -1)]
    [InlineData("1.2", "1.10", -1)]
    [InlineData("beta", "Alpha", 1)]
    [InlineData("v2", "V2", 0)]
    public void Versions_have_an_order(string? a, string? b, int expected)
    {
        Assert.Equal(expected, Math.Sign(VersionOrder.Instance.Compare(a, b)));
        Assert.Equal(-expected, Math.Sign(VersionOrder.Instance.Compare(b, a)));
    }

    [Theory]
    [InlineData(VersionMatchStrategy.None, "2", "1", OrchestratorMatch.Found)]
    [InlineData(VersionMatchStrategy.None, "2", "3", OrchestratorMatch.Found)]
    [InlineData(VersionMatchStrategy.Strict, "2", "2", OrchestratorMatch.Found)]
    [InlineData(VersionMatchStrategy.Strict, "2", "1", OrchestratorMatch.OtherVersion)]
    [InlineData(VersionMatchStrategy.Strict, null, null, OrchestratorMatch.Found)]
    [InlineData(VersionMatchStrategy.CurrentOrOlder, "2", "2", OrchestratorMatch.Found)]
    [InlineData(VersionMatchStrategy.CurrentOrOlder, "2", "1", OrchestratorMatch.Found)]
    [InlineData(VersionMatchStrategy.CurrentOrOlder, "2", null, OrchestratorMatch.Found)]
    [InlineData(VersionMatchStrategy.CurrentOrOlder, "2", "3", OrchestratorMatch.OtherVersion)]
    public void The_match_strategy_decides_by_the_hosts_version(
        VersionMatchStrategy strategy, string? own, string? asked, OrchestratorMatch expected) =>
        Assert.Equal(expected, Host(new() { Version = own, MatchStrategy = strategy }, [null]).Match("a", asked));

    [Fact]
    public void The_failure_strategy_says_what_becomes_of_the_rest()
    {
        var options = new VersioningOptions
        {
            Version = "1", MatchStrategy = VersionMatchStrategy.Strict, FailureStrategy = VersionFailureStrategy.Fail,
        };

        Assert.Equal(OrchestratorMatch.VersionRefused, Host(options, [null]).Match("a", "2"));
        Assert.Equal(OrchestratorMatch.UnknownName, Host(options, [null]).Match("b", "1"));
        Assert.Equal(OrchestratorMatch.Found, Host(options, [null]).Match("A", "1"));
    }

    [Fact]
    public void A_pinned_version_runs_on_its_own_code_and_unversioned_code_stands_in_only_alone()
    {
        Assert.Equal("1", Chosen(new(), "1", null, "1", "2"));
        Assert.Equal("", Chosen(new(), "1", [null]));
        Assert.Null(Chosen(new(), "3", null, "1", "2"));
        Assert.Equal("", Chosen(new(), null, null, "1", "2"));
    }

    [Fact]
    public void Current_or_older_lets_the_nearest_newer_code_carry_an_instance()
    {
        var options = new VersioningOptions { Version = "3", MatchStrategy = VersionMatchStrategy.CurrentOrOlder };

        Assert.Equal("2", Chosen(options, "1", "3", "2"));
        Assert.Equal("3", Chosen(options, "2.5", "3", "2"));
        Assert.Null(Chosen(options, "4", "3", "2"));
    }

    [Fact]
    public void The_same_version_twice_is_refused() =>
        Assert.Throws<ArgumentException>(() => Host(new(), "1", "1.0"));

    [Fact]
    public void A_version_refused_after_all_fails_the_orchestration_and_another_one_throws()
    {
        var refusing = Host(
            new() { MatchStrategy = VersionMatchStrategy.Strict, FailureStrategy = VersionFailureStrategy.Fail }, "2");
        Assert.Equal("VersionMismatch", new FakeEngine(refusing).Start("a", version: "2").Completion!.Failure!.ErrorType);
        Assert.Equal(
            "OrchestratorTaskNotFound", new FakeEngine(refusing).Start("b").Completion!.Failure!.ErrorType);

        var rejecting = Host(new() { MatchStrategy = VersionMatchStrategy.Strict }, "2");
        Assert.StartsWith(
            "AG2004",
            Assert.Throws<InvalidOperationException>(() => new FakeEngine(rejecting).Start("a", version: "2")).Message,
            StringComparison.Ordinal);
    }

    static OrchestratorHost Host(VersioningOptions options, params string?[] versions) => new(
        versions.Select(v => new OrchestratorRegistration("a", v, _ => Task.FromResult<string?>(v ?? ""))), options);

    static string? Chosen(VersioningOptions options, string? asked, params string?[] versions)
    {
        var host = Host(options, versions);
        return host.Match("a", asked) == OrchestratorMatch.Found
            ? new FakeEngine(host).Start("a", version: asked).Completion!.Result
            : null;
    }
}
