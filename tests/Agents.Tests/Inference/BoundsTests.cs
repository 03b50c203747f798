using Agents.Contracts.Runs;
using Agents.Inference.Streaming;
using Agents.TestKit.Models;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Agents.Tests.Inference;

public sealed class BoundsTests
{
    static readonly ModelBounds s_small = new()
    {
        ResponseBytesMax = 20_000,
        EventBytesMax = 4_000,
        TextCharsMax = 2_000,
        ToolCallsMax = 2,
        ArgumentCharsMax = 500,
    };

    public static TheoryData<string, string> Excesses => new()
    {
        { "event", "data: " + new string('x', 5_000) + "\n\n" },
        { "response", string.Concat(Enumerable.Repeat(": " + new string('k', 2_000) + "\n\n", 12)) },
        { "Content", string.Concat(Enumerable.Repeat($"data: {Chunks.Delta("{\"content\":\"" + new string('c', 900) + "\"}")}\n\n", 3)) },
        { "tool calls", string.Concat(Enumerable.Range(0, 3).Select(i => $"data: {Chunks.Call(i, $"c{i}", "f", "{}")}\n\n")) },
        { "arguments", $"data: {Chunks.Call(0, "c", "f", new string('a', 600))}\n\n" },
    };

    [Theory]
    [MemberData(nameof(Excesses))]
    public async Task An_excess_fails_the_attempt_by_name(string what, string stream)
    {
        await using var wire = await Wire.StartAsync(bounds: s_small);
        var error = await wire.ErrorAsync(FakeReply.Raw(stream));

        Assert.Equal(ModelErrorKind.OverBound, error.Kind);
        Assert.Contains("AG4015", error.Message, StringComparison.Ordinal);
        Assert.Contains(what, error.Message, StringComparison.Ordinal);
        Assert.True(error.ToFailure().IsNonRetriable);
    }

    [Fact]
    public async Task Silence_ends_the_attempt_however_long_it_worked_before()
    {
        var clock = new FakeTimeProvider();
        await using var wire = await Wire.StartAsync(clock);
        wire.Server.Enqueue(FakeReply.Silent(Chunks.Delta("""{"reasoning":"long thought"}""")));
        var call = wire.CallAsync();
        await wire.Server.Silent;
        clock.Advance(wire.Profile.IdleTimeout + TimeSpan.FromSeconds(1));

        var error = Assert.IsType<ModelOutcome.Failed>(await call).Error;
        Assert.Equal(ModelErrorKind.Transient, error.Kind);
        Assert.Contains("AG4012", error.Message, StringComparison.Ordinal);
        await wire.Server.CallerLeft.WaitAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Every_byte_counts_as_life_and_no_total_is_kept()
    {
        var clock = new FakeTimeProvider();
        using var idle = new IdleDeadline(clock, TimeSpan.FromMinutes(5), TestContext.Current.CancellationToken);
        await using var stream = new GuardedStream(new Dripping(clock, TimeSpan.FromMinutes(4), 30), idle, new ModelBounds());
        var buffer = new byte[16];
        while (await stream.ReadAsync(buffer, TestContext.Current.CancellationToken) > 0)
        {
        }

        Assert.Equal(30, stream.Total);
        Assert.False(idle.Expired);
        clock.Advance(TimeSpan.FromMinutes(6));
        Assert.True(idle.Expired);
    }

    // Gives one byte of a comment after each wait, two hours in all.
    sealed class Dripping(FakeTimeProvider clock, TimeSpan wait, int bytes) : MemoryStream(new byte[bytes])
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            clock.Advance(wait);
            cancellationToken.ThrowIfCancellationRequested();
            return base.ReadAsync(buffer[..1], cancellationToken);
        }
    }
}
