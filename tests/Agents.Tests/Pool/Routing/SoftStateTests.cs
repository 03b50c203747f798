using Agents.Pool.Routing;
using CsCheck;
using Xunit;
using static Agents.Tests.Pool.Routing.Given;

namespace Agents.Tests.Pool.Routing;

/// <summary>What the pool learns and may lose.</summary>
public sealed class SoftStateTests
{
    static HeldPrefixes Holding(int kv, params (string Run, int Tokens)[] ended)
    {
        var held = new HeldPrefixes { KvTokens = kv };
        for (var i = 0; i < ended.Length; i++)
        {
            held.Sent(Request(ended[i].Run), Now.AddSeconds(i));
            held.Ended(Request(ended[i].Run), ended[i].Tokens, 0, Now.AddSeconds(i));
        }

        return held;
    }

    [Fact]
    public void The_beginning_used_longest_ago_is_forgotten_first()
    {
        Assert.Equal(["b", "c"], Holding(1000, ("a", 400), ("b", 400), ("c", 400)).View().Keys.Order());
    }

    [Fact]
    public void A_shared_beginning_is_counted_once()
    {
        var held = new HeldPrefixes { KvTokens = 1000 };
        foreach (var run in (string[])["a", "b", "c"])
        {
            var request = Request(run) with { Prefixes = [run, "head"], SharedTokens = 300 };
            held.Sent(request, Now);
            held.Ended(request, 500, 0, Now);
        }

        Assert.Equal(["a", "b", "c", "head"], held.View().Keys.Order());
        Assert.Equal(200, held.View()["a"].Cells);
    }

    [Fact]
    public void What_is_in_use_is_not_forgotten()
    {
        var held = Holding(1000, ("a", 900));
        held.Sent(Request("a"), Now.AddSeconds(5));
        held.Sent(Request("b"), Now.AddSeconds(6));
        held.Ended(Request("b"), 900, 0, Now.AddSeconds(7));

        Assert.True(held.View()["a"].InUse);
    }

    [Fact]
    public void A_server_that_found_little_is_believed()
    {
        var held = Holding(0, ("older", 400), ("run", 900), ("newer", 400));
        held.Sent(Request("run"), Now.AddSeconds(9));
        held.Ended(Request("run"), 1000, found: 0, Now.AddSeconds(9));

        Assert.Equal(["newer", "run"], held.View().Keys.Order());
    }

    [Fact]
    public void Who_was_released_gives_way_first()
    {
        var held = Holding(1000, ("a", 300), ("b", 300), ("c", 300));
        held.Release("c");
        held.Sent(Request("d"), Now.AddSeconds(9));
        held.Ended(Request("d"), 300, 0, Now.AddSeconds(9));

        Assert.Equal(["a", "b", "d"], held.View().Keys.Order());
    }

    [Fact]
    public void Beginnings_never_take_more_than_the_cache_has() =>
        Gen.Select(Gen.Int[0, 9], Gen.Int[1, 900], Gen.Bool).Array[1, 60].Sample(uses =>
        {
            var held = new HeldPrefixes { KvTokens = 2000 };
            for (var i = 0; i < uses.Length; i++)
            {
                var request = Request($"r{uses[i].Item1}") with { Prefixes = [$"r{uses[i].Item1}", "head"], SharedTokens = 50 };
                held.Sent(request, Now.AddSeconds(i));
                held.Ended(request, uses[i].Item2, uses[i].Item3 ? null : 0, Now.AddSeconds(i));
                Assert.InRange(held.View().Values.Sum(h => h.Cells), 0, 2000);
            }
        });

    [Fact]
    public void A_runs_replies_teach_what_to_expect()
    {
        var replies = new ReplyEstimate();
        var request = Request() with { TokensMax = 16_000 };
        Assert.Null(replies.For(request));
        for (var i = 0; i < 40; i++)
        {
            replies.Learn(request, 300);
        }

        Assert.InRange(replies.For(request)!.Value, 300, 310);
        Assert.InRange(replies.For(request with { Run = "another of this tenant" })!.Value, 300, 310);
        Assert.Null(replies.For(request with { Run = "stranger", Tenant = "stranger" }));
        Assert.Equal(200, replies.For(request with { TokensMax = 200 }));
    }

    [Fact]
    public void Tokens_used_long_ago_count_little()
    {
        var use = new TenantUse(TimeSpan.FromMinutes(1));
        use.Charge("a", 1000, Now);
        use.Charge("b", 600, Now.AddMinutes(1));

        Assert.Equal(500, use.View(Now.AddMinutes(1))["a"], 1e-6);
        Assert.Equal(600, use.View(Now.AddMinutes(1))["b"], 1e-6);
        Assert.Empty(use.View(Now.AddHours(1)));
    }

    [Fact]
    public void A_full_queue_says_when_it_will_have_drained()
    {
        var bounds = new QueueBounds { RequestsMax = 10, TokensMax = 100_000, BatchShare = 0.5 };
        List<WaitingRequest> waiting = [.. Enumerable.Range(0, 5).Select(i => Waiting(Request($"r{i}", prompt: 900), i))];

        Assert.Null(bounds.RetryAfter(Request(kind: RequestClass.Interactive), waiting, 100));
        Assert.Equal(TimeSpan.FromSeconds(10), bounds.RetryAfter(Request(), waiting, 100)); // one of 1,000 tokens must go first
        Assert.Equal(TimeSpan.FromSeconds(120), bounds.RetryAfter(Request(), waiting, 0));
        Assert.NotNull(bounds.RetryAfter(Request(kind: RequestClass.Interactive, prompt: 95_900), waiting, 1e9));
        Assert.Null(bounds.RetryAfter(Request(kind: RequestClass.Interactive, prompt: 200_000), [], 1));
    }

    [Fact]
    public void The_longer_the_queue_the_later_one_comes_again() =>
        Gen.Select(Gen.Int[1, 5_000].Array[0, 40], Gen.Double[0.1, 10_000]).Sample((prompts, rate) =>
        {
            var bounds = new QueueBounds { RequestsMax = 8, TokensMax = 20_000 };
            List<WaitingRequest> waiting = [];
            var last = TimeSpan.Zero;
            foreach (var prompt in prompts)
            {
                waiting.Add(Waiting(Request(prompt: prompt)));
                if (bounds.RetryAfter(Request(), waiting, rate) is { } again)
                {
                    Assert.InRange(again, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(120));
                    Assert.True(waiting.Count >= 7 || waiting.Sum(w => w.Request.TokensNeeded) > 10_000);
                    Assert.True(again >= last - TimeSpan.FromSeconds(Math.Ceiling(5_100 / rate)));
                    last = again;
                }
                else
                {
                    Assert.Equal(TimeSpan.Zero, last); // once full, more does not make it less full
                }
            }
        });

    [Fact]
    public void The_drain_rate_is_what_leaves()
    {
        var drain = new DrainRate();
        Assert.Equal(0, drain.TokensPerSecond(Now));
        for (var i = 0; i < 300; i++)
        {
            drain.Left(Request(prompt: 900), Now.AddSeconds(i));
        }

        Assert.InRange(drain.TokensPerSecond(Now.AddSeconds(300)), 900, 1_100);
        Assert.InRange(drain.TokensPerSecond(Now.AddSeconds(900)), 0, 10);
    }
}
