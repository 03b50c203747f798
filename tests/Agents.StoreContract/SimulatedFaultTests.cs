using Agents.Contracts.Client;
using Agents.Contracts.History;
using Agents.Engine.History;
using Agents.Engine.Store;
using Agents.TestKit.Store;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Agents.StoreContract;

/// <summary>The faults that a simulation asks of its store do what their names say.</summary>
public sealed class SimulatedFaultTests
{
    readonly FakeTimeProvider _clock = new();
    StoreFault _fault;

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Fail_before_writes_nothing()
    {
        var store = NewStore();
        _fault = StoreFault.FailBefore;
        await Assert.ThrowsAsync<StoreUnavailableException>(() => StartAsync(store, "a"));
        Assert.Null(await store.Queries.FindAsync("a", Cancel));
    }

    [Theory]
    [InlineData(StoreFault.ApplyThenUnknown, true)]
    [InlineData(StoreFault.LoseThenUnknown, false)]
    public async Task Unknown_outcome_goes_both_ways(StoreFault fault, bool isIn)
    {
        var store = NewStore();
        _fault = fault;
        await Assert.ThrowsAsync<UnknownOutcomeException>(() => StartAsync(store, "a"));
        Assert.Equal(isIn, await store.Queries.FindAsync("a", Cancel) is not null);
    }

    [Fact]
    public async Task Power_loss_takes_what_was_never_acknowledged_and_nothing_else()
    {
        var store = NewStore();
        await StartAsync(store, "acknowledged");
        _fault = StoreFault.ApplyThenUnknown;
        await Assert.ThrowsAsync<UnknownOutcomeException>(() => StartAsync(store, "unknown"));
        store.LosePower();
        Assert.NotNull(await store.Queries.FindAsync("acknowledged", Cancel));
        Assert.Null(await store.Queries.FindAsync("unknown", Cancel));
    }

    [Fact]
    public async Task A_later_sync_keeps_what_was_applied_before()
    {
        var store = NewStore();
        _fault = StoreFault.ApplyThenUnknown;
        await Assert.ThrowsAsync<UnknownOutcomeException>(() => StartAsync(store, "unknown"));
        _fault = StoreFault.None;
        await StartAsync(store, "later");
        store.LosePower();
        Assert.NotNull(await store.Queries.FindAsync("unknown", Cancel));
    }

    [Fact]
    public async Task A_lower_inbox_id_may_become_visible_later()
    {
        var gate = new TaskCompletionSource();
        var held = 0;
        var hold = false;
        var store = new SimulatedStore(_clock, new SimulatedStoreOptions
        {
            Yield = () => hold && held++ == 0 ? gate.Task : Task.CompletedTask,
        });
        var key = await StartAsync(store, "a");
        hold = true;
        var slow = SendAsync(store, "slow");
        await SendAsync(store, "fast");
        var first = await store.Owner.ReadInboxAsync(key, _clock.GetUtcNow(), 10, Cancel);
        Assert.Equal(["fast"], first.Select(Name));
        gate.SetResult();
        await slow;
        var all = await store.Owner.ReadInboxAsync(key, _clock.GetUtcNow(), 10, Cancel);
        Assert.Equal(["slow", "fast"], all.Select(Name));
        Assert.True(all[0].Id < first[0].Id);
    }

    SimulatedStore NewStore() => new(_clock, new SimulatedStoreOptions { Fault = _ => _fault });

    async Task<long> StartAsync(SimulatedStore store, string id)
    {
        var start = new InstanceStart
        {
            InstanceId = id, ExecutionId = "x", Name = "N", RequestDigest = "d", Now = _clock.GetUtcNow(),
        };
        return Assert.IsType<WriteOutcome.Started>(Assert.Single(await store.Writes.WriteAsync([start], Cancel))).InstanceKey;
    }

    async Task SendAsync(SimulatedStore store, string name)
    {
        var message = new InboxMessage(InboxKind.HistoryEvent, HistoryCodec.EncodeOne(new EventRaised { Name = name }));
        var outcomes = await store.Writes.WriteAsync([new InboxSend("a", message, _clock.GetUtcNow())], Cancel);
        Assert.Equal(SendOutcome.Accepted, Assert.IsType<WriteOutcome.Sent>(Assert.Single(outcomes)).Outcome);
    }

    static string Name(InboxRow row) => ((EventRaised)HistoryCodec.DecodeOne(row.Message.Body)).Name;
}
