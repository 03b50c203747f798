using Agents.Contracts.History;
using Agents.Engine.Work;
using Agents.Replay;
using Agents.TestKit.Nodes;
using Xunit;

namespace Agents.Tests.Engine;

/// <summary>The machine's clock is set back in the middle of a run. The clock is a constructor argument, so no system clock moves.</summary>
public sealed class ClockMovedBackTests
{
    static readonly TimeSpan s_back = TimeSpan.FromHours(2);

    [Fact]
    public async Task A_run_goes_on_and_its_timers_fire_when_the_clock_is_set_back()
    {
        var clock = new MovableClock();
        var told = new List<TimeSpan>();
        await using var node = await TestNode.StartAsync(
            new Dictionary<string, Orchestrator> { ["waits"] = WaitsAsync },
            a => a.Set("back", _ => clock.MoveBack(s_back)), new SteadyClock(clock, told.Add));

        var id = await node.RunAsync("waits");
        var end = await node.EndAsync(id);
        await node.CrashAsync();
        var again = await node.Client.GetAsync(new Contracts.Instances.InstanceId(id), true, TestContext.Current.CancellationToken);
        var history = await node.HistoryAsync(id);

        Assert.Equal(Contracts.Instances.OrchestrationStatus.Completed, end.Status);
        Assert.Equal(end.Output, again!.Output);
        Assert.InRange(Assert.Single(told), s_back - TimeSpan.FromSeconds(2), s_back + TimeSpan.FromSeconds(2));
        Assert.Equal(2, history.OfType<TimerFired>().Count());
        Assert.Empty(await node.Client.VerifyStoreAsync(TestContext.Current.CancellationToken));
    }

    static async Task<string?> WaitsAsync(OrchestrationContext context)
    {
        await context.CreateTimer(context.CurrentUtcDateTime.AddMilliseconds(20), CancellationToken.None);
        await context.CallActivityRawAsync("back", null);
        await context.CreateTimer(context.CurrentUtcDateTime.AddMilliseconds(20), CancellationToken.None);
        return "\"on\"";
    }

    sealed class MovableClock : TimeProvider
    {
        long _ticks;

        public string? MoveBack(TimeSpan by)
        {
            Interlocked.Add(ref _ticks, by.Ticks);
            return null;
        }

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() - TimeSpan.FromTicks(Interlocked.Read(ref _ticks));
    }
}
