using Agents.Engine.Work;
using CsCheck;
using Xunit;

namespace Agents.Tests.Engine;

/// <summary>Who waits how long: the bounds hold for any load.</summary>
public sealed class FairLineTests
{
    static readonly Gen<Share> s_shares = Gen.Select(Gen.Int[0, 3], Gen.Int[0, 4], Gen.Int[0, 2])
        .Select((tenant, run, priority) => new Share($"tenant {tenant}", $"run {tenant} {run}", priority));

    [Fact]
    public void A_tenant_with_a_thousand_waiting_holds_up_another_by_one_turn()
    {
        var line = new FairLine<string>();
        for (var i = 0; i < 1000; i++)
        {
            line.Add(new Share("loud", $"run {i % 7}", 9), "loud");
        }

        line.Add(new Share("quiet", "one", 0), "quiet");
        Assert.Equal(["loud", "quiet", "loud"], Take(line).Take(3));
    }

    [Fact]
    public void Runs_of_one_tenant_take_turns_and_each_keeps_its_order()
    {
        var line = new FairLine<string>();
        foreach (var name in (string[])["a1", "a2", "a3", "b1", "b2", "c1"])
        {
            line.Add(new Share("", name[..1], 0), name);
        }

        Assert.Equal(["a1", "b1", "c1", "a2", "b2", "a3"], Take(line));
    }

    [Fact]
    public void A_higher_priority_goes_first_inside_its_tenant_only()
    {
        var line = new FairLine<string>();
        line.Add(new Share("x", "r", 0), "low");
        line.Add(new Share("x", "r", 5), "high");
        line.Add(new Share("y", "r", -5), "other");
        Assert.Equal(["high", "other", "low"], Take(line));
    }

    [Fact]
    public void Whatever_comes_is_taken_once_and_every_tenant_waiting_has_a_turn_in_each_round() => s_shares.Array[1, 60].Sample(shares =>
    {
        var line = new FairLine<Share>();
        Array.ForEach(shares, share => line.Add(share, share));
        var left = shares.GroupBy(s => s.Tenant).ToDictionary(g => g.Key, g => g.Count());
        var taken = Take(line).ToList();
        if (!taken.Order(Comparer<Share>.Create((a, b) => string.CompareOrdinal($"{a}", $"{b}")))
            .SequenceEqual(shares.Order(Comparer<Share>.Create((a, b) => string.CompareOrdinal($"{a}", $"{b}")))))
        {
            return false;
        }

        var since = left.Keys.ToDictionary(k => k, _ => 0);
        foreach (var share in taken)
        {
            foreach (var tenant in left.Where(l => l.Value > 0 && l.Key != share.Tenant).Select(l => l.Key))
            {
                since[tenant]++;
            }

            if (since[share.Tenant] >= left.Count)
            {
                return false;   // others had more than one turn each while it waited
            }

            since[share.Tenant] = 0;
            left[share.Tenant]--;
        }

        return true;
    });

    [Fact]
    public async Task Slots_go_to_tenants_in_turn()
    {
        var slots = new ActivitySlots(1);
        await slots.TakeAsync(new Share("", "first", 0));
        Task[] waiting = [slots.TakeAsync(new Share("a", "r", 0)), slots.TakeAsync(new Share("a", "r", 0)), slots.TakeAsync(new Share("b", "r", 0))];
        slots.Release();
        slots.Release();
        await Task.WhenAll(waiting[0], waiting[2]);
        Assert.False(waiting[1].IsCompleted);
        slots.Release();
        await waiting[1];
    }

    static IEnumerable<T> Take<T>(FairLine<T> line)
    {
        while (line.TryTake(out var item))
        {
            yield return item;
        }
    }
}
