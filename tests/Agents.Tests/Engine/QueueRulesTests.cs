using Agents.Contracts.Client;
using Agents.Engine.Queues;
using Agents.Engine.Store;
using Xunit;

namespace Agents.Tests.Engine;

/// <summary>Who is let in, as a calculation.</summary>
public sealed class QueueRulesTests
{
    static readonly DateTimeOffset s_now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Theory]
    [InlineData(60, 60, 61)]
    [InlineData(600, 60, 610)]
    [InlineData(6_000, 60, 6_100)]
    [InlineData(1, 10, 7)]
    public void In_a_minute_comes_what_the_rate_says_and_one_seconds_worth(int count, int seconds, int most)
    {
        var limit = new QueueLimit("q") { RateCount = count, RatePer = TimeSpan.FromSeconds(seconds) };
        var (memory, now, all, rounds) = (QueueMemory.Empty, s_now, 0, 0);
        while (now <= s_now.AddMinutes(1))
        {
            var decision = QueueRules.Decide(Standing(limit, memory, 300), now);
            memory = decision.Memory;
            all += decision.Granted.Count;
            rounds++;
            Assert.True(decision.NextAt > now);
            now = decision.NextAt!.Value;
        }

        Assert.InRange(all, most * 98 / 100, most);
        Assert.InRange(rounds, 1, 1_300);
    }

    [Fact]
    public void What_a_rate_did_not_use_is_not_saved_up()
    {
        var limit = new QueueLimit("q") { RateCount = 600, RatePer = TimeSpan.FromMinutes(1) };
        var first = QueueRules.Decide(Standing(limit, QueueMemory.Empty, 1), s_now);
        Assert.Equal(10, QueueRules.Decide(Standing(limit, first.Memory, 300), s_now.AddHours(1)).Granted.Count);
    }

    [Fact]
    public void A_clock_that_was_ahead_closes_no_queue()
    {
        var limit = new QueueLimit("q") { RateCount = 60, RatePer = TimeSpan.FromMinutes(1) };
        var ahead = QueueRules.Decide(Standing(limit, QueueMemory.Empty, 1), s_now.AddHours(2));
        var next = QueueRules.Decide(Standing(limit, ahead.Memory, 5), s_now);
        Assert.InRange(next.NextAt!.Value - s_now, TimeSpan.Zero, TimeSpan.FromSeconds(2));
    }

    [Fact]
    public void Tenants_take_turns_though_none_holds_anything()
    {
        var limit = new QueueLimit("q") { RateCount = 1, RatePer = TimeSpan.FromSeconds(1) };
        WaitingPlace[] waiting = [.. Enumerable.Range(0, 50).Select(i => Waiting(i, "busy")), Waiting(90, "a"), Waiting(91, "b")];
        var (memory, order) = (QueueMemory.Empty, new List<string>());
        for (var i = 0; i < 6; i++)
        {
            var decision = QueueRules.Decide(new QueueStanding("q", limit, memory, [], waiting), s_now.AddSeconds(2 * i));
            var granted = Assert.Single(decision.Granted);
            order.Add(Array.Find(waiting, w => w.Grant == granted)!.Tenant);
            waiting = [.. waiting.Where(w => w.Grant != granted)];
            memory = decision.Memory;
        }

        Assert.Equal(["busy", "a", "b", "busy", "busy", "busy"], order);
    }

    [Fact]
    public void What_is_remembered_of_tenants_has_a_bound_and_comes_back_as_it_was_written()
    {
        var limit = new QueueLimit("q") { Concurrency = 5_000 };
        var waiting = Enumerable.Range(0, 1_000).Select(i => Waiting(i, $"tenant{i}")).ToList();
        var memory = QueueRules.Decide(new QueueStanding("q", limit, QueueMemory.Empty, [], waiting), s_now).Memory;
        Assert.Equal((QueueRules.TurnsMax, "tenant999"), (memory.Turns.Count, memory.Turns[^1]));
        var (paid, turns) = memory.Write();
        Assert.Equal(memory.Turns, QueueMemory.Read(paid, turns).Turns);
    }

    static QueueStanding Standing(QueueLimit limit, QueueMemory memory, int waiting) =>
        new("q", limit, memory, [], [.. Enumerable.Range(0, waiting).Select(i => Waiting(i, "tenant"))]);

    static WaitingPlace Waiting(int order, string tenant) => new(new QueueGrant(new PlaceKey(order, 1, 1), $"run{order}"), tenant, "key", 0, order);
}
