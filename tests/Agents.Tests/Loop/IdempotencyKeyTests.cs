using Agents.Loop.Calls;

using Xunit;

namespace Agents.Tests.Loop;

public sealed class IdempotencyKeyTests
{
    // The value is fixed: keys of running instances must not change with a release.
    [Fact]
    public void Is_the_same_for_ever() => Assert.Equal(
        "adc2cc07b1328a598d5932cea212f5b9bf4e40a7d35c6c5a98efb11e658dd698",
        IdempotencyKey.For("run-1", 3, 0, "append", """{"line":"é"}"""));

    [Fact]
    public void Differs_in_every_part_and_does_not_run_parts_together()
    {
        string[] keys =
        [
            IdempotencyKey.For("run", 1, 0, "tool", "{}"),
            IdempotencyKey.For("run2", 1, 0, "tool", "{}"),
            IdempotencyKey.For("run", 2, 0, "tool", "{}"),
            IdempotencyKey.For("run", 1, 1, "tool", "{}"),
            IdempotencyKey.For("run", 1, 0, "tool2", "{}"),
            IdempotencyKey.For("run", 1, 0, "tool", "{ }"),
            IdempotencyKey.For("run", 1, 0, "too", "l{}"),
            IdempotencyKey.For("run", 0, 1, "tool", "{}"),
        ];
        Assert.Equal(keys.Length, keys.Distinct().Count());
        Assert.All(keys, k => Assert.Matches("^[0-9a-f]{64}$", k));
    }
}
