using Agents.Client.Jobs;
using Agents.Client.Runs;
using Agents.Contracts.Client;
using Agents.Contracts.Instances;
using Agents.Contracts.Runs;
using Xunit;

namespace Agents.Tests.Client;

public sealed class RunOutcomeTests
{
    static InstanceView View(OrchestrationStatus status) => new()
    {
        InstanceId = "i", ExecutionId = new string('0', 32), Generation = 0, Name = "AgentRun", Status = status,
        CreatedAt = default, UpdatedAt = default,
    };

    [Fact]
    public void Every_stop_reason_ends_a_run_by_name()
    {
        var reasons = typeof(StopReasons).GetFields().Select(f => (string)f.GetRawConstantValue()!);

        foreach (var reason in reasons)
        {
            Assert.True(RunStatuses.IsEnded(RunOutcome.StatusOf(reason)), reason);
        }

        Assert.Equal(RunStatuses.Completed, RunOutcome.StatusOf(StopReasons.Answer));
        Assert.Equal(RunStatuses.Stopped, RunOutcome.StatusOf(StopReasons.StepLimit));
    }

    [Fact]
    public void Parked_and_in_doubt_come_before_running()
    {
        Assert.Equal(RunStatuses.Parked, RunOutcome.StatusOf(View(OrchestrationStatus.Running) with { Parked = "why", InDoubt = 1 }));
        Assert.Equal(RunStatuses.InDoubt, RunOutcome.StatusOf(View(OrchestrationStatus.Running) with { InDoubt = 1 }));
        Assert.Equal(RunStatuses.Cancelled, RunOutcome.StatusOf(View(OrchestrationStatus.Terminated) with { InDoubt = 1 }));
    }

    [Fact]
    public void The_same_key_is_the_same_id_and_tenants_do_not_meet()
    {
        Assert.Equal(RunIds.FromKey("a", "k"), RunIds.FromKey("a", "k"));
        Assert.NotEqual(RunIds.FromKey("a", "bk"), RunIds.FromKey("ab", "k"));
        Assert.Equal(26, RunIds.FromKey("a", "k").Length);
        Assert.NotEqual(RunIds.Random(), RunIds.Random());
    }

    [Theory]
    [InlineData("shwo", "show")]
    [InlineData("resolv", "resolve")]
    [InlineData("xylophone", null)]
    public void A_slip_finds_the_word_that_was_meant(string word, string? meant) =>
        Assert.Equal(meant, Spelling.Nearest(word, ["show", "resolve", "run", "runs"]));
}
