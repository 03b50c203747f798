using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Worker.Activities;

using Xunit;

namespace Agents.Tests.Worker;

public sealed class ActivityHostTests
{
    static ActivityWorkItem Item(string name, string? version = null, string? input = null) => new()
    {
        InstanceId = new InstanceId("i"),
        ExecutionId = new ExecutionId("0123456789abcdef0123456789abcdef"),
        Generation = 0,
        TaskId = 0,
        ScheduledSequence = 2,
        Name = name,
        Version = version,
        Input = input,
        AttemptToken = "t",
    };

    [Fact]
    public async Task Finds_by_name_in_any_case_and_by_version_with_the_unversioned_one_for_all()
    {
        var host = new ActivityHost(
        [
            ActivityRegistration.Of("Greet", (input, _) => Task.FromResult<string?>($"hello {input}")),
            new ActivityRegistration("Sum", "2", (_, _, _) => Task.FromResult<ActivityOutcome>(new ActivityOutcome.Completed("2"))),
        ]);

        Assert.True(host.CanRun("greet", "7"));
        Assert.True(host.CanRun("sum", "2"));
        Assert.False(host.CanRun("Sum", "1"));
        Assert.False(host.CanRun("Sum", null));
        var outcome = await host.RunAsync(Item("GREET", input: "you"), null!, TestContext.Current.CancellationToken);
        Assert.Equal(new ActivityOutcome.Completed("hello you"), outcome);
        var missing = Assert.IsType<ActivityOutcome.Failed>(
            await host.RunAsync(Item("none"), null!, TestContext.Current.CancellationToken));
        Assert.Equal("ActivityTaskNotFound", missing.Failure.ErrorType);
    }

    [Fact]
    public void The_same_activity_twice_is_refused() => Assert.Throws<ArgumentException>(() => new ActivityHost(
    [
        ActivityRegistration.Of("A", (_, _) => Task.FromResult<string?>(null)),
        ActivityRegistration.Of("a", (_, _) => Task.FromResult<string?>(null)),
    ]));
}
