using Agents.Worker;
using Xunit;

namespace Agents.Tests.Worker;

public sealed class RehearsalTests
{
    [Fact]
    public async Task PlaysAModelCallAndAToolCall() =>
        Assert.Equal(2, await Rehearsal.PlayAsync(TestContext.Current.CancellationToken));
}
