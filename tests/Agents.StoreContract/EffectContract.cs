using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Engine.Store;
using Xunit;

namespace Agents.StoreContract;

public abstract class EffectContract<TSubject> : StoreContract<TSubject> where TSubject : StoreSubject, new()
{
    [Fact]
    public async Task Ledger_keeps_every_part_of_an_entry()
    {
        var owned = await OwnedAsync("a");
        var entry = Entry(owned, "k", "t") with
        {
            State = LedgerState.Receipt, SettledAt = Now.AddTicks(1), Receipt = "nul \0 in it", Evidence = "executor",
        };
        await LedgerAsync(owned, 0, new LedgerWrite(entry, null));
        Assert.Equal(entry, Assert.Single(await Store.Owner.ReadLedgerAsync("a", false, Cancel)));
    }

    [Fact]
    public async Task Ledger_change_under_a_stale_token_is_skipped_and_the_commit_stands()
    {
        var owned = await OwnedAsync("a");
        await LedgerAsync(owned, 0, new LedgerWrite(Entry(owned, "k", "new"), null));
        var stale = Entry(owned, "k", "old", LedgerState.Receipt) with { Receipt = "stale" };
        await LedgerAsync(owned, 2, new LedgerWrite(stale, "old"));
        Assert.Equal(LedgerState.Intent, Assert.Single(await Store.Owner.ReadLedgerAsync("a", false, Cancel)).State);
        Assert.Equal(4, (await FindAsync("a")).NextSequence);
        Assert.Equal(1, Subject.StaleLedgerWrites(Store));
    }

    [Fact]
    public async Task Ledger_change_under_the_entrys_token_is_made()
    {
        var owned = await OwnedAsync("a");
        await LedgerAsync(owned, 0, new LedgerWrite(Entry(owned, "k", "t1"), null));
        await LedgerAsync(owned, 2, new LedgerWrite(Entry(owned, "k", "t2"), "t1"));
        Assert.Equal("t2", Assert.Single(await Store.Owner.ReadLedgerAsync("a", false, Cancel)).AttemptToken);
        await LedgerAsync(owned, 4, new LedgerWrite(Entry(owned, "k", "t2", LedgerState.InDoubt), null));
        Assert.Single(await Store.Owner.ReadLedgerAsync("a", inDoubtOnly: true, Cancel));
        Assert.Equal(0, Subject.StaleLedgerWrites(Store));
    }

    [Fact]
    public async Task Ledger_change_of_an_entry_that_is_not_there_is_skipped()
    {
        var owned = await OwnedAsync("a");
        await LedgerAsync(owned, 0, new LedgerWrite(Entry(owned, "k", "t"), "t"));
        Assert.Empty(await Store.Owner.ReadLedgerAsync("a", false, Cancel));
    }

    [Fact]
    public async Task Ledger_survives_continue_as_new_and_is_read_oldest_first()
    {
        var owned = await OwnedAsync("a");
        await LedgerAsync(owned, 0, new LedgerWrite(Entry(owned, "z", "t"), null));
        Clock.Advance(TimeSpan.FromSeconds(1));
        await LedgerAsync(owned, 2, new LedgerWrite(Entry(owned, "a", "t"), null));
        await WriteAsync(Turn(owned, 4) with { Next = new NextExecution(NewExecutionId(), null, []) });
        Assert.Equal(["z", "a"], (await Store.Owner.ReadLedgerAsync("a", false, Cancel)).Select(e => e.Key));
        Assert.Empty(await Store.Owner.ReadLedgerAsync("b", false, Cancel));
    }

    [Fact]
    public async Task Late_evidence_settles_an_undecided_entry_once()
    {
        var owned = await OwnedAsync("a");
        await LedgerAsync(owned, 0, new LedgerWrite(Entry(owned, "k", "t", LedgerState.InDoubt), null));
        await CompleteAsync(owned, 2);
        var receipt = Entry(owned, "k", "t", LedgerState.Receipt) with { Receipt = "done", SettledAt = Now, Evidence = "late" };
        Assert.False(await EvidenceAsync(receipt with { AttemptToken = "other" }));
        Assert.False(await EvidenceAsync(receipt with { Key = "other" }));
        Assert.True(await EvidenceAsync(receipt));
        Assert.False(await EvidenceAsync(receipt with { Receipt = "twice" }));
        Assert.Equal("done", Assert.Single(await Store.Owner.ReadLedgerAsync("a", false, Cancel)).Receipt);
        Assert.Equal(["event 0", "event 2"], await EventsAsync(owned.Execution.Key));
    }

    [Fact]
    public async Task In_doubt_is_counted_in_the_view()
    {
        var owned = await OwnedAsync("a");
        await WriteAsync(Turn(owned, 0) with { InDoubt = 2 });
        Assert.Equal(2, (await Store.Queries.GetAsync("a", Cancel))!.InDoubt);
        await WriteAsync(Turn(owned, 2));
        Assert.Equal(2, (await Store.Queries.GetAsync("a", Cancel))!.InDoubt);
        await WriteAsync(Turn(owned, 4) with { InDoubt = 0 });
        Assert.Equal(0, (await Store.Queries.GetAsync("a", Cancel))!.InDoubt);
    }

    [Fact]
    public async Task Deltas_come_in_their_order_after_a_place()
    {
        var owned = await OwnedAsync("a");
        await DeltasAsync(owned, Delta(5, 1, "c"), Delta(2, 2, "b"), Delta(2, 1, "half \ud83d"));
        var all = await Store.Owner.ReadDeltasAsync(owned.Key, 0, -1, 0, 10, Cancel);
        Assert.Equal(["half \ud83d", "b", "c"], all.Select(d => d.Text));
        Assert.Equal(new StoredDelta(2, 1, 1, 1, "content", 0, 6, "half \ud83d", null), all[0]);
        Assert.Equal(["b", "c"], (await Store.Owner.ReadDeltasAsync(owned.Key, 0, 2, 1, 10, Cancel)).Select(d => d.Text));
        Assert.Equal(["c"], (await Store.Owner.ReadDeltasAsync(owned.Key, 0, 2, 2, 10, Cancel)).Select(d => d.Text));
        Assert.Single(await Store.Owner.ReadDeltasAsync(owned.Key, 0, -1, 0, 1, Cancel));
        Assert.Empty(await Store.Owner.ReadDeltasAsync(owned.Key, 1, -1, 0, 10, Cancel));
    }

    [Fact]
    public async Task Deltas_folded_keep_their_place_and_lose_their_text()
    {
        var owned = await OwnedAsync("a");
        await DeltasAsync(
            owned, Delta(2, 1, "old") with { Attempt = 1 }, Delta(2, 2, "new") with { Attempt = 2 }, Delta(2, 3, "x") with { TaskId = 9 });
        await WriteAsync(Turn(owned, 0) with { Fold = new DeltaFold(0, 1, 2, 17) });
        var deltas = await Store.Owner.ReadDeltasAsync(owned.Key, 0, -1, 0, 10, Cancel);
        Assert.Equal(["old", null, "x"], deltas.Select(d => d.Text));
        Assert.Equal([null, 17L, null], deltas.Select(d => d.MessageSequence));
        Assert.Equal(3, deltas[1].Length);
    }

    [Fact]
    public async Task A_delta_row_is_never_written_over()
    {
        var owned = await OwnedAsync("a");
        await DeltasAsync(owned, Delta(2, 1, "first"));
        Assert.IsType<WriteOutcome.Refused>(await WriteAsync(Empty(owned, 0) with { Deltas = [Delta(2, 1, "second")] }));
        Assert.Equal("first", Assert.Single(await Store.Owner.ReadDeltasAsync(owned.Key, 0, -1, 0, 10, Cancel)).Text);
    }

    [Fact]
    public async Task Delta_flush_of_a_stale_owner_is_fenced()
    {
        var owned = await OwnedAsync("a");
        await ClaimAsync(owned.Key, owned.OwnerEpoch, "node-2");
        Assert.IsType<WriteOutcome.Fenced>(await WriteAsync(Empty(owned, 0) with { Deltas = [Delta(2, 1, "stale")] }));
        Assert.Empty(await Store.Owner.ReadDeltasAsync(owned.Key, 0, -1, 0, 10, Cancel));
    }

    static DeltaRow Delta(long after, int row, string text) => new(0, after, row, 1, 1, "content", 0, text);

    async Task DeltasAsync(InstanceRecord owned, params DeltaRow[] deltas) =>
        Assert.IsType<WriteOutcome.Committed>(await WriteAsync(Empty(owned, 0) with { Deltas = deltas }));

    async Task LedgerAsync(InstanceRecord owned, long sequence, LedgerWrite write) =>
        Assert.IsType<WriteOutcome.Committed>(await WriteAsync(Turn(owned, sequence) with { Ledger = [write] }));

    async Task<bool> EvidenceAsync(LedgerEntry entry) =>
        Assert.IsType<WriteOutcome.EvidenceKept>(await WriteAsync(new EvidenceWrite(entry))).Settled;
}
