using Agents.Contracts.History;
using Agents.Contracts.Work;
using Agents.Replay;
using Agents.TestKit.Replay;
using Xunit;

namespace Agents.Tests.Replay;

public sealed class HostTests
{
    [Fact]
    public void The_observer_sees_every_event_once_before_the_code_does()
    {
        List<long> seen = [];
        List<int> seenWhenRun = [];
        var host = new OrchestratorHost(
            [
                new OrchestratorRegistration(Programs.Name, null, async c =>
                {
                    seenWhenRun.Add(seen.Count);
                    await c.CallActivityRawAsync("a", null);
                    return null;
                }),
            ],
            observer: (_, item) => seen.Add(item.Sequence));
        using var engine = new FakeEngine(host);
        engine.Start(Programs.Name);
        Assert.Equal([2], seenWhenRun);
        seen.Clear();

        engine.GoCold().Deliver(new ExecutionSuspended(), new TaskCompleted { TaskScheduledId = 0 });
        engine.Deliver(new ExecutionResumed());

        Assert.Equal(Enumerable.Range(0, engine.History.Count - 1).Select(i => (long)i), seen);
    }

    [Fact]
    public void A_disposed_session_is_not_run()
    {
        var session = Programs.Host(_ => Task.CompletedTask).Open(HistoryBuilder.Identity());
        session.Dispose();

        Assert.Throws<ObjectDisposedException>(() => session.Run([], []));
    }

    [Fact]
    public void The_estimate_of_memory_follows_what_is_kept()
    {
        using var engine = Programs.Started(async c =>
        {
            await c.CallActivityRawAsync("a", null);
            await c.WaitForExternalEventRaw("go");
            await c.CallActivityRawAsync("b", null);
        });
        var before = engine.Session.ApproximateBytes;

        engine.Raise("go", new string('x', 100_000));
        Assert.InRange(engine.Session.ApproximateBytes - before, 200_000, 201_000);

        engine.Complete(0);
        Assert.InRange(engine.Session.ApproximateBytes - before, -1_000, 1_000);
    }

    [Fact]
    public void A_checked_history_is_counted()
    {
        var engine = Programs.Started(async c =>
        {
            await c.CallActivityRawAsync("a", null);
            await c.CallActivityRawAsync("b", null);
        }).Complete(0).Complete(1);

        var report = HistoryReplay.Check(
            Programs.Host(async c =>
            {
                await c.CallActivityRawAsync("a", null);
                await c.CallActivityRawAsync("b", null);
            }),
            HistoryBuilder.Identity(),
            engine.History);

        Assert.Equal(new ReplayReport(3, 9, 3, null), report);
    }

    [Fact]
    public void A_check_without_the_code_says_so()
    {
        var engine = Programs.Started(c => c.CallActivityRawAsync("a", null));

        var report = HistoryReplay.Check(new OrchestratorHost([]), HistoryBuilder.Identity(), engine.History);

        Assert.Equal("no code of that name is registered", report.Divergence!.Actual);
        Assert.Equal(OrchestratorMatch.UnknownName, new OrchestratorHost([]).Match(Programs.Name, null));
    }
}
