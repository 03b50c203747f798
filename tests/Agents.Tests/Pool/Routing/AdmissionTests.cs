using Agents.Pool.Routing;
using CsCheck;
using Xunit;
using static Agents.Tests.Pool.Routing.Given;

namespace Agents.Tests.Pool.Routing;

public sealed class AdmissionTests
{
    static readonly Dictionary<string, double> s_nobody = [];

    static PoolRequest Small(RequestClass kind, string tenant = "tenant") => Request(run: $"{tenant} {kind}", prompt: 100, kind: kind, tenant: tenant);

    [Fact]
    public void Interactive_goes_before_batch_that_came_first()
    {
        var next = Admission.Next(
            [Waiting(Small(RequestClass.Batch), 1, waited: 30), Waiting(Small(RequestClass.Interactive), 2)], [Slot("a")], s_nobody, Now);

        Assert.Equal(2, next!.Waiting.Ticket);
    }

    [Fact]
    public void Batch_that_has_waited_long_counts_as_interactive()
    {
        var next = Admission.Next(
            [Waiting(Small(RequestClass.Interactive), 2), Waiting(Small(RequestClass.Batch), 1, waited: 61)], [Slot("a")], s_nobody, Now);

        Assert.Equal(1, next!.Waiting.Ticket);
    }

    [Fact]
    public void Who_used_less_goes_first()
    {
        var used = new Dictionary<string, double> { ["much"] = 1000, ["little"] = 10 };
        var next = Admission.Next(
            [Waiting(Small(RequestClass.Batch, "much"), 1), Waiting(Small(RequestClass.Batch, "little"), 2)], [Slot("a")], used, Now);

        Assert.Equal(2, next!.Waiting.Ticket);
    }

    [Fact]
    public void A_request_that_finds_no_room_holds_up_nobody()
    {
        var busy = Slot("a", kv: 10_000, running: 1, held: ("busy", new HeldPrefix(8_000, Now) { InUse = true }));
        var next = Admission.Next([Waiting(Request("large", 5_000), 1), Waiting(Request("small", 100), 2)], [busy], s_nobody, Now);

        Assert.Equal(2, next!.Waiting.Ticket);
    }

    [Fact]
    public void Room_counts_what_the_reply_will_need()
    {
        var busy = Slot("a", kv: 10_000, running: 1, held: ("busy", new HeldPrefix(8_000, Now) { InUse = true }));
        var tight = Request(prompt: 1_950) with { TokensMax = 4_000, ExpectedTokens = 100 };

        Assert.Null(Admission.Next([Waiting(tight)], [busy], s_nobody, Now));
        Assert.NotNull(Admission.Next([Waiting(tight with { ExpectedTokens = 10 })], [busy], s_nobody, Now));
    }

    [Fact]
    public void Who_has_waited_far_too_long_is_given_the_next_room()
    {
        // Small requests go on and on in the room that a large one waits for.
        WorkerSlot Busy(int used) => Slot("a", kv: 10_000, running: 1, held: ("busy", new HeldPrefix(used, Now) { InUse = true }));
        var large = Waiting(Request("large", 9_000), 1, waited: 601);
        var small = Waiting(Request("small", 100), 2);

        Assert.Null(Admission.Next([large, small], [Busy(5_000)], s_nobody, Now));
        Assert.Equal(2, Admission.Next([large with { Since = Now.AddSeconds(-599) }, small], [Busy(5_000)], s_nobody, Now)!.Waiting.Ticket);
        Assert.Equal(1, Admission.Next([large, small], [Busy(500)], s_nobody, Now)!.Waiting.Ticket);
        Assert.Equal("b", Admission.Next([large, small], [Busy(5_000), Slot("b", kv: 2_000)], s_nobody, Now)!.To.Worker);
    }

    /// <summary>Two tenants that always want more than there is get equal shares of tokens, whatever the sizes of their requests.</summary>
    [Fact]
    public void Tenants_that_want_more_share_equally_by_tokens() =>
        Gen.Select(Gen.Int[50, 4_000].Array[2], Gen.Int[1, 12]).Sample((sizes, queued) =>
        {
            var use = new TenantUse(TimeSpan.FromHours(1));
            var (ticket, total) = (0L, new double[2]);
            List<WaitingRequest> waiting = [];
            for (var sent = 0; sent < 200; sent++)
            {
                for (var tenant = 0; tenant < 2; tenant++)
                {
                    while (waiting.Count(w => w.Request.Tenant == $"t{tenant}") < (tenant == 0 ? queued : 1))
                    {
                        waiting.Add(Waiting(Request($"r{ticket}", sizes[tenant], tenant: $"t{tenant}"), ++ticket));
                    }
                }

                var next = Admission.Next(waiting, [Slot("a")], use.View(Now), Now)!;
                waiting.Remove(next.Waiting);
                use.Charge(next.Waiting.Request.Tenant, next.Waiting.Request.PromptTokens, Now);
                total[next.Waiting.Request.Tenant == "t0" ? 0 : 1] += next.Waiting.Request.PromptTokens;
            }

            Assert.InRange(Math.Abs(total[0] - total[1]), 0, sizes.Max());
        }, iter: 50);

    /// <summary>A worker of one slot, requests of all kinds: each is served, batch beside a stream of interactive ones too.</summary>
    [Fact]
    public void Everybody_is_served() =>
        Gen.Select(Gen.Bool, Gen.Int[100, 9_000], Gen.Int[0, 3]).Array[1, 25].Sample(wants =>
        {
            List<WaitingRequest> waiting = [.. wants.Select((w, i) => Waiting(
                Request($"r{i}", w.Item2, w.Item1 ? RequestClass.Batch : RequestClass.Interactive, $"t{w.Item3}"), i))];
            var held = new HeldPrefixes { KvTokens = 10_000 };
            var now = Now;
            while (waiting.Count > 0)
            {
                waiting.Add(Waiting(Request("stream", 100, RequestClass.Interactive), long.MaxValue));
                var next = Admission.Next(waiting, [Slot("a") with { Held = held.View() }], s_nobody, now);
                now += TimeSpan.FromSeconds(5);
                Assert.True(now < Now + TimeSpan.FromHours(1), "somebody waits for ever");
                if (next is not null)
                {
                    waiting.Remove(next.Waiting);
                    held.Sent(next.Waiting.Request, now);
                    held.Ended(next.Waiting.Request, next.Waiting.Request.PromptTokens, 0, now);
                }

                waiting.RemoveAll(w => w.Request.Run == "stream");
            }
        }, iter: 30);
}
