using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Replay;
using Agents.TestKit.Replay;
using Xunit;

namespace Agents.Tests.Replay;

public sealed class TimerTests
{
    [Fact]
    public void A_timer_is_asked_for_in_utc_and_resolved_by_its_id()
    {
        var at = new DateTimeOffset(2026, 1, 1, 14, 0, 0, TimeSpan.FromHours(2));
        var engine = Programs.Started(c => c.CreateTimer(at));

        Assert.Equal(TimeSpan.Zero, Assert.Single(engine.OpenTimers).FireAt.Offset);
        Assert.NotNull(engine.Fire(0).Completion);
    }

    [Fact]
    public void A_cancelled_timer_still_fires_and_is_ignored()
    {
        var engine = Programs.Started(async c =>
        {
            using var cancel = new CancellationTokenSource();
            var timer = c.CreateTimer(TimeSpan.FromHours(1), cancel.Token);
            await c.CallActivityRawAsync("a", null);
            cancel.Cancel();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => timer);
            await c.CallActivityRawAsync("b", null);
        }).Complete(1).Fire(0);

        Assert.Empty(engine.Actions);
        Assert.Null(engine.Completion);
        Assert.Equal(OrchestrationStatus.Completed, engine.GoCold().Complete(2).Completion!.Status);
    }

    [Fact]
    public void Waiting_with_a_timeout_takes_the_event_and_drops_the_timer()
    {
        var engine = Programs.Started(async c =>
            await c.WaitForExternalEvent<string>("go", TimeSpan.FromHours(1)) + await c.WaitForExternalEvent<string>("go"));

        Assert.Null(engine.Raise("go", "\"a\"").Fire(0).Completion);
        Assert.Equal("ab", engine.Raise("go", "\"b\"").Completion!.Result);
    }

    [Fact]
    public void Waiting_with_a_timeout_is_cancelled_by_the_timer_and_takes_no_later_event()
    {
        var engine = Programs.Started(async c =>
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(
                () => c.WaitForExternalEvent<string>("go", TimeSpan.FromHours(1), CancellationToken.None));
            await c.CallActivityRawAsync("a", null);
            return await c.WaitForExternalEvent<string>("go");
        }).Fire(0).Raise("go", "\"late\"");

        Assert.Equal("late", engine.Complete(1).Completion!.Result);
    }

    [Fact]
    public void Waiting_with_a_timeout_makes_no_timer_for_an_event_that_is_there()
    {
        var engine = Programs.Started(async c =>
        {
            await c.CallActivityRawAsync("a", null);
            return await c.WaitForExternalEvent<string>("go", TimeSpan.FromHours(1));
        }).Raise("go", "\"early\"").Complete(0);

        Assert.Single(engine.Actions);
        Assert.Equal("early", engine.Completion!.Result);
    }
}
