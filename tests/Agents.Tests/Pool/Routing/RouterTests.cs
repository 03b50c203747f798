using Agents.Pool.Routing;
using CsCheck;
using Xunit;
using static Agents.Tests.Pool.Routing.Given;

namespace Agents.Tests.Pool.Routing;

public sealed class RouterTests
{
    static readonly Gen<WorkerHealth> s_health = Gen.Int[0, 5].Select(n => n > 3 ? WorkerHealth.Ready : (WorkerHealth)n);

    static readonly Gen<(string, HeldPrefix)> s_held = Gen.Select(
        Gen.Int[0, 9], Gen.Int[1, 4000], Gen.Double[0, 300], Gen.Double[0, 300], Gen.Bool,
        (run, tokens, used, since, inUse) => ($"run{run}", new HeldPrefix(tokens, Now.AddSeconds(-used)) { Since = Now.AddSeconds(-used - since), InUse = inUse }));

    static readonly Gen<WorkerSlot> s_slot = Gen.Select(
        s_health, Gen.Int[0, 8], Gen.Int[0, 3], Gen.Int[0, 20_000], s_held.List[0, 6], Gen.Int[0, 2],
        (health, running, waiting, owed, held, kind) =>
        {
            var slot = Slot("", running: running, owed: owed, held: [.. held.DistinctBy(h => h.Item1)]);
            return slot with
            {
                Health = health, Waiting = waiting, KvTokensFree = Math.Max(0, slot.KvTokensFree), KvTokens = kind == 0 ? 0 : slot.KvTokens,
                Models = kind == 1 ? ["other"] : ["model"],
            };
        });

    static readonly Gen<WorkerSlot[]> s_slots = s_slot.Array[0, 5].Select(slots => slots.Select((s, i) => s with { Worker = $"w{i}" }).ToArray());

    static readonly Gen<PoolRequest> s_request = Gen.Select(
        Gen.Int[0, 9], Gen.Int[1, 12_000], Gen.Bool, (run, prompt, batch) =>
            Request($"run{run}", prompt, batch ? RequestClass.Batch : RequestClass.Interactive));

    [Fact]
    public void Only_a_worker_that_can_take_a_request_is_sent_one() =>
        Gen.Select(s_request, s_slots).Sample((request, slots) =>
        {
            if (Router.Choose(request, slots, Now) is RouteChoice.Send send)
            {
                var slot = slots.Single(s => s.Worker == send.Worker);
                Assert.Contains("model", slot.Models);
                Assert.True(slot.Health == WorkerHealth.Ready || (slot.Health == WorkerHealth.Probe && slot.Running + slot.Waiting == 0));
                Assert.True(slot.Running + slot.Waiting < slot.RunningMax);
                Assert.True(request.PromptTokens <= slot.ContextTokens);
                Assert.True(slot.KvTokens == 0 || slot.Running + slot.Waiting == 0 || request.TokensNeeded - send.HeldTokens <= slot.KvTokensFree);
                Assert.InRange(send.HeldTokens, 0, request.PromptTokens - 1);
            }
        });

    [Fact]
    public void The_order_of_workers_does_not_matter() =>
        Gen.Select(s_request, s_slots).Sample((request, slots) =>
            Assert.Equal(Router.Choose(request, slots, Now), Router.Choose(request, slots.Reverse().ToArray(), Now)));

    [Fact]
    public void Refused_is_only_what_no_worker_could_ever_take() =>
        Gen.Select(s_request, s_slots).Sample((request, slots) =>
        {
            var could = slots.Where(s => s.Models.Contains("model")).ToList();
            var refused = Router.Choose(request, slots, Now) as RouteChoice.Refuse;
            Assert.Equal(could.Count == 0 ? RefusedFor.UnknownModel : could.TrueForAll(s => request.PromptTokens > s.ContextTokens) ? RefusedFor.TooLong : null, refused?.Why);
        });

    [Fact]
    public void An_empty_worker_takes_what_fits_it() =>
        Gen.Select(s_request, s_slots).Sample((request, slots) =>
        {
            var fits = request with { PromptTokens = Math.Min(request.PromptTokens, 9_000) };
            WorkerSlot[] all = [.. slots, Slot("empty")];
            var rooms = all.Select(s => new SlotRoom(s, Now, RoutingOptions.Default)).ToList();
            Assert.IsType<RouteChoice.Send>(Router.Choose(fits, rooms, RoutingOptions.Default.BatchPatience, RoutingOptions.Default));
        });

    [Fact]
    public void A_run_goes_on_where_its_beginning_is()
    {
        WorkerSlot[] slots = [Slot("a"), Slot("b", running: 3, owed: 500, held: Held("run", 950)), Slot("c")];

        Assert.Equal(new RouteChoice.Send("b", 950), Router.Choose(Request(), slots, Now));
    }

    [Fact]
    public void A_run_leaves_a_worker_that_owes_more_than_its_beginning_costs()
    {
        WorkerSlot[] slots = [Slot("a"), Slot("b", running: 3, owed: 5_000, held: Held("run", 950))];

        Assert.Equal("a", Router.Choose(Request(), slots, Now).Sent());
    }

    [Fact]
    public void A_broken_prefix_is_scored_anew()
    {
        // The run's own beginning has another name now; what it shares with others is held by both.
        var request = Request() with { Prefixes = ["run generation 1", "head"], SharedTokens = 100 };
        WorkerSlot[] slots = [Slot("a", held: Held("head", 100)), Slot("b", running: 2, held: [Held("run generation 0", 950), Held("head", 100)])];

        Assert.Equal(new RouteChoice.Send("a", 100), Router.Choose(request, slots, Now));
    }

    [Fact]
    public void New_runs_are_spread_over_the_room()
    {
        WorkerSlot[] slots = [Slot("a", held: Held("other", 4_000)), Slot("b", held: Held("another", 2_000))];

        Assert.Equal("b", Router.Choose(Request(), slots, Now).Sent());
    }

    [Theory]
    [InlineData(0, 1000, null)] // somebody is expected back: the stranger waits
    [InlineData(60, 1000, "a")] // patience has ended
    [InlineData(60, 10, null)] // but who came just now stays
    public void A_stranger_pushes_out_who_is_expected_back_only_after_a_while(double waited, double since, string? sent)
    {
        WorkerSlot[] slots = [Slot("a", kv: 5_000, held: Held("other", 4_500, since: since))];
        var one = Admission.Next([Waiting(Request(), waited: waited)], slots, new Dictionary<string, double>(), Now);

        Assert.Equal(sent, one?.To.Worker);
    }

    [Fact]
    public void Who_goes_on_pushes_out_others_at_once()
    {
        WorkerSlot[] slots = [Slot("a", kv: 5_000, held: [Held("run", 900), Held("other", 4_000)])];

        Assert.Equal("a", Router.Choose(Request(), slots, Now).Sent());
    }

    [Theory]
    [InlineData(40, null, "a")] // unheard of for longer than is usual
    [InlineData(40, 20.0, null)] // announced: it comes in 20 seconds
    [InlineData(5, -30.0, "a")] // announced, and long overdue
    public void Who_is_not_expected_back_gives_way(double usedAgo, double? backIn, string? sent)
    {
        WorkerSlot[] slots = [Slot("a", kv: 5_000, held: Held("other", 4_500, usedAgo, backIn: backIn))];

        Assert.Equal(sent, Router.Choose(Request(), slots, Now).Sent());
    }

    [Fact]
    public void A_full_worker_is_waited_for_where_that_is_cheaper()
    {
        var full = Slot("a", running: 8, owed: 500, held: Held("run", 3_900));

        Assert.IsType<RouteChoice.Wait>(Router.Choose(Request(prompt: 4_000), [full, Slot("b")], Now));
        Assert.Equal("b", Router.Choose(Request(prompt: 4_000), [full with { TokensOwed = 9_000 }, Slot("b")], Now).Sent());
    }

    [Fact]
    public void Nothing_new_is_sent_to_who_drains()
    {
        WorkerSlot[] slots = [Slot("a", held: Held("run", 950)) with { Health = WorkerHealth.Draining }, Slot("b")];

        Assert.Equal("b", Router.Choose(Request(), slots, Now).Sent());
    }
}
