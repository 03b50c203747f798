using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Replay;
using Agents.Replay.Versioning;
using Agents.TestKit.Replay;
using Xunit;

namespace Agents.Tests.Replay;

public sealed class ChildTests
{
    [Fact]
    public void A_child_answers_by_task_id()
    {
        var engine = Programs.Started(async c => await c.CallSubOrchestratorAsync<string>("child", 1))
            .Deliver(new SubOrchestrationInstanceCompleted { TaskScheduledId = 0, Result = "\"yes\"" });

        Assert.Equal("yes", engine.Completion!.Result);
    }

    [Fact]
    public void A_childs_failure_is_thrown_in_the_parent()
    {
        var engine = Programs.Started(c => c.CallSubOrchestratorAsync("child"))
            .Deliver(new SubOrchestrationInstanceFailed { TaskScheduledId = 0, Failure = Programs.Boom });

        Assert.Equal(Programs.Boom, engine.Completion!.Failure);
    }

    [Fact]
    public void The_version_is_the_named_one_else_the_default_never_the_parents()
    {
        var engine = new FakeEngine(Programs.Host(
            async c =>
            {
                await Task.WhenAll(
                    c.CallSubOrchestratorRawAsync("a", null, new() { Version = "7" }),
                    c.CallSubOrchestratorRawAsync("b", null));
                return null;
            },
            new VersioningOptions { DefaultVersion = "4" })).Start(Programs.Name, version: "2");

        Assert.Equal(["7", "4"], engine.OpenChildren.Select(c => c.Version));
    }

    [Theory]
    [InlineData("kid", "kid")]
    [InlineData(null, "0123456789abcdef0123456789abcdef:0000")]
    public void Every_attempt_uses_one_instance_id(string? given, string expected)
    {
        var engine = Programs.Started(c => c.CallSubOrchestratorRawAsync("child", null, new()
        {
            InstanceId = given,
            Retry = new RetryPolicy(2, TimeSpan.FromSeconds(1)),
        }));
        engine.Deliver(new SubOrchestrationInstanceFailed { TaskScheduledId = 0, Failure = Programs.Boom }).Fire(1);

        var again = Assert.Single(engine.OpenChildren);
        Assert.Equal((2, expected), (again.EventId, again.InstanceId));
    }
}
