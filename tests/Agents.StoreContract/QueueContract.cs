using Agents.Contracts.Client;
using Agents.Engine.Store;
using Xunit;

namespace Agents.StoreContract;

/// <summary>How many activities of a queue run at once, who comes next, and what a dead owner leaves behind.</summary>
public abstract class QueueContract<TSubject> : StoreContract<TSubject>
    where TSubject : StoreSubject, new()
{
    [Fact]
    public async Task A_queue_without_bounds_lets_everybody_in()
    {
        var owned = await OwnedAsync("run");
        var answer = await PassAsync([Ask(owned, 1), Ask(owned, 2)]);
        Assert.Equal([1, 2], Tasks(answer));
        Assert.Empty(await Store.Queues.ReadPlacesAsync(Node, Cancel));
        Assert.Empty(await Store.Queues.ReadQueuesAsync(Cancel));
    }

    [Fact]
    public async Task No_more_hold_a_place_than_the_bound_says_and_the_next_comes_when_one_goes()
    {
        await BoundAsync(new QueueLimit("q") { Concurrency = 2 });
        var owned = await OwnedAsync("run");
        Assert.Equal([1, 2], Tasks(await PassAsync([Ask(owned, 1), Ask(owned, 2), Ask(owned, 3), Ask(owned, 4)])));
        Assert.Empty((await PassAsync([])).Granted);
        Assert.Equal([3], Tasks(await PassAsync([], Back(owned, 1))));
        var view = Assert.Single(await Store.Queues.ReadQueuesAsync(Cancel));
        Assert.Equal(("q", 2, 2, 1, Now), (view.Limit.Queue, view.Limit.Concurrency, view.Held, view.Waiting, view.WaitingSince));
    }

    [Fact]
    public async Task Asking_again_takes_no_second_place_and_giving_back_twice_frees_one()
    {
        await BoundAsync(new QueueLimit("q") { Concurrency = 1 });
        var owned = await OwnedAsync("run");
        Assert.Equal([1], Tasks(await PassAsync([Ask(owned, 1), Ask(owned, 2), Ask(owned, 3)])));
        Assert.Empty((await PassAsync([Ask(owned, 1), Ask(owned, 2)])).Granted);
        Assert.Equal([2], Tasks(await PassAsync([], Back(owned, 1))));
        Assert.Empty((await PassAsync([], Back(owned, 1))).Granted);
        Assert.Equal(
            [(2, true), (3, false)],
            (await Store.Queues.ReadPlacesAsync(Node, Cancel)).Select(p => (p.Place.TaskId, p.Held)).Order());
    }

    [Fact]
    public async Task With_its_owner_a_place_is_over()
    {
        await BoundAsync(new QueueLimit("q") { Concurrency = 1 });
        var (dead, next) = (await OwnedAsync("dead"), await OwnedAsync("next"));
        Assert.Equal([1], Tasks(await PassAsync([Ask(dead, 1)])));
        Assert.Empty((await PassAsync([Ask(dead, 5), Ask(next, 2)])).Granted);
        await ClaimAsync(dead.Key, dead.OwnerEpoch, "another");

        // Neither what it held nor what it waited for: the one of the run that is still owned comes.
        Assert.Equal([2], Tasks(await PassAsync([])));
        Assert.Equal([2], (await Store.Queues.ReadPlacesAsync(Node, Cancel)).Select(p => p.Place.TaskId));
    }

    [Fact]
    public async Task A_stale_owner_gets_no_place_and_takes_none_from_its_successor()
    {
        await BoundAsync(new QueueLimit("q") { Concurrency = 1 });
        var stale = await OwnedAsync("run");
        var owner = await ClaimAsync(stale.Key, stale.OwnerEpoch, "another");
        Assert.Equal([1], Tasks(await PassAsync([Ask(owner, 1)])));
        Assert.Empty((await PassAsync([Ask(stale, 1)], Back(stale, 1))).Granted);
        Assert.Empty((await PassAsync([Ask(owner, 2)])).Granted);
    }

    [Fact]
    public async Task A_released_or_ended_instance_holds_nothing()
    {
        await BoundAsync(new QueueLimit("q") { Concurrency = 1 });
        var (ends, next) = (await OwnedAsync("ends"), await OwnedAsync("next"));
        Assert.Equal([1], Tasks(await PassAsync([Ask(ends, 1), Ask(next, 2)])));
        await CompleteAsync(ends, 0);
        Assert.Equal([2], Tasks(await PassAsync([])));
    }

    [Fact]
    public async Task One_key_has_no_more_than_its_part_and_does_not_hold_up_the_others()
    {
        await BoundAsync(new QueueLimit("q") { Concurrency = 3, PerKey = 1 });
        var owned = await OwnedAsync("run");
        var answer = await PassAsync([Ask(owned, 1, "a"), Ask(owned, 2, "a"), Ask(owned, 3, "b"), Ask(owned, 4, "b")]);
        Assert.Equal([1, 3], Tasks(answer).Order());
        Assert.Equal([2], Tasks(await PassAsync([], Back(owned, 1))));
    }

    [Fact]
    public async Task Tenants_share_a_queue_and_inside_one_the_higher_priority_comes_first()
    {
        await BoundAsync(new QueueLimit("q") { Concurrency = 1 });
        var owned = await OwnedAsync("run");
        var busy = Enumerable.Range(10, 5).Select(task => Ask(owned, task) with { Tenant = "busy" });
        Assert.Equal([10], Tasks(await PassAsync([.. busy])));
        await PassAsync([Ask(owned, 1) with { Tenant = "small" }, Ask(owned, 2) with { Tenant = "small", Priority = 5 }]);
        var order = new List<int>();
        for (var held = 10; order.Count < 4; held = order[^1])
        {
            order.Add(Assert.Single(Tasks(await PassAsync([], Back(owned, held)))));
        }

        Assert.Equal([2, 11, 1, 12], order);
    }

    [Fact]
    public async Task A_rate_spreads_what_begins_and_says_when_the_next_may()
    {
        await BoundAsync(new QueueLimit("q") { RateCount = 60, RatePer = TimeSpan.FromMinutes(1) });
        var owned = await OwnedAsync("run");
        var answer = await PassAsync([Ask(owned, 1), Ask(owned, 2), Ask(owned, 3)]);
        Assert.Equal([1], Tasks(answer));
        Assert.Equal(Now.AddSeconds(1), answer.NextAt["q"]);
        Assert.Empty((await PassAsync([], [], Now.AddMilliseconds(900))).Granted);
        Assert.Equal([2], Tasks(await PassAsync([], [], Now.AddSeconds(1))));
        Assert.Equal([3], Tasks(await PassAsync([], [], Now.AddSeconds(2))));
    }

    [Fact]
    public async Task Without_its_bound_a_queue_lets_in_who_waits()
    {
        await BoundAsync(new QueueLimit("q") { Concurrency = 1 });
        var owned = await OwnedAsync("run");
        await PassAsync([Ask(owned, 1), Ask(owned, 2), Ask(owned, 3)]);
        await BoundAsync(new QueueLimit("q"));
        Assert.Equal([2, 3], Tasks(await PassAsync([])).Order());
        Assert.Empty(await Store.Queues.ReadQueuesAsync(Cancel));
    }

    [Fact]
    public async Task Of_rounds_at_once_no_two_give_the_same_place()
    {
        await BoundAsync(new QueueLimit("q") { Concurrency = 3 });
        var owned = await OwnedAsync("run");
        var answers = await Task.WhenAll(Enumerable.Range(1, 8).Select(task => PassAsync([Ask(owned, task)])));
        Assert.Equal(3, answers.Sum(a => a.Granted.Count));
        Assert.Equal(3, (await Store.Queues.ReadPlacesAsync(Node, Cancel)).Count(p => p.Held));
    }

    [Fact]
    public async Task A_queue_keeps_its_bounds_as_they_were_set()
    {
        var limit = new QueueLimit("q\0ü") { Concurrency = 1, PerKey = 4, RateCount = 600, RatePer = TimeSpan.FromMinutes(1) };
        await BoundAsync(new QueueLimit("q\0ü") { PerKey = 9 });
        await BoundAsync(limit);
        Assert.Equal(limit, Assert.Single(await Store.Queues.ReadQueuesAsync(Cancel)).Limit);
    }

    Task BoundAsync(QueueLimit limit) => Store.Queues.SetQueueAsync(limit, Cancel);

    Task<QueueAnswer> PassAsync(IReadOnlyList<QueueAsk> asks, params (PlaceKey Place, string Queue)[] back) => PassAsync(asks, back, Now);

    Task<QueueAnswer> PassAsync(IReadOnlyList<QueueAsk> asks, (PlaceKey Place, string Queue)[] back, DateTimeOffset now) =>
        Store.Queues.PassAsync(new QueueRound(asks, back, ["q"], now), Cancel);

    static List<int> Tasks(QueueAnswer answer) => [.. answer.Granted.Select(g => g.Place.TaskId)];

    static (PlaceKey Place, string Queue) Back(InstanceRecord owned, int task) => (new PlaceKey(owned.Key, owned.OwnerEpoch, task), "q");

    static QueueAsk Ask(InstanceRecord owned, int task, string key = "key") => new()
    {
        Place = new PlaceKey(owned.Key, owned.OwnerEpoch, task),
        Queue = "q",
        Key = key,
        Tenant = "tenant",
        Priority = 0,
        InstanceId = owned.InstanceId,
        Node = Node,
    };
}
