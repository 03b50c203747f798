using Agents.Engine.Postgres;
using Agents.Engine.Store;
using Agents.TestKit.Store;
using Xunit;

namespace Agents.StoreContract;

/// <summary>What the cluster's membership needs of a store.</summary>
public abstract class MemberContract : IAsyncDisposable
{
    static readonly DateTimeOffset s_now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    protected abstract Task<IMemberStore> OpenAsync();

    public virtual ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_new_table_is_empty_at_version_zero()
    {
        var table = await (await OpenAsync()).ReadAsync(Cancel);
        Assert.Equal((0, 0), (table.Version, table.Rows.Count));
    }

    [Fact]
    public async Task Each_change_raises_the_versions_and_keeps_every_byte()
    {
        var store = await OpenAsync();
        Assert.True(await store.WriteAsync(Row("a", 1), null, 0, Cancel));
        Assert.True(await store.WriteAsync(Row("b", 2), null, 1, Cancel));
        Assert.True(await store.WriteAsync(Row("a", 3) with { Gone = true, AliveAt = s_now.AddSeconds(1) }, 1, 2, Cancel));
        var table = await store.ReadAsync(Cancel);
        Assert.Equal(3, table.Version);
        Assert.Equal(
            [("a", true, s_now.AddSeconds(1), 3, 2), ("b", false, s_now, 2, 1)],
            table.Rows.Select(r => (r.Node, r.Gone, r.AliveAt, (int)r.Body.Span[0], r.Version)));
    }

    [Fact]
    public async Task A_change_of_another_table_or_row_than_was_read_is_refused_whole()
    {
        var store = await OpenAsync();
        Assert.True(await store.WriteAsync(Row("a", 1), null, 0, Cancel));
        Assert.False(await store.WriteAsync(Row("b", 1), null, 0, Cancel));
        Assert.False(await store.WriteAsync(Row("a", 2), null, 1, Cancel));
        Assert.False(await store.WriteAsync(Row("a", 2), 2, 1, Cancel));
        Assert.False(await store.WriteAsync(Row("c", 2), 1, 1, Cancel));
        var table = await store.ReadAsync(Cancel);
        Assert.Equal((1, 1), (table.Version, Assert.Single(table.Rows).Body.Span[0]));
    }

    [Fact]
    public async Task Of_changes_made_at_once_one_is_taken()
    {
        var store = await OpenAsync();
        var taken = await Task.WhenAll(Enumerable.Range(0, 8).Select(n => store.WriteAsync(Row($"node{n}", 1), null, 0, Cancel)));
        Assert.Single(taken, t => t);
        Assert.Single((await store.ReadAsync(Cancel)).Rows);
    }

    [Fact]
    public async Task Saying_alive_changes_no_version_and_invents_no_node()
    {
        var store = await OpenAsync();
        await store.WriteAsync(Row("a", 1), null, 0, Cancel);
        await store.SayAliveAsync("a", s_now.AddMinutes(1), Cancel);
        await store.SayAliveAsync("nobody", s_now, Cancel);
        var table = await store.ReadAsync(Cancel);
        var row = Assert.Single(table.Rows);
        Assert.Equal((1, 1, s_now.AddMinutes(1)), (table.Version, row.Version, row.AliveAt));
    }

    [Fact]
    public async Task Only_gone_nodes_are_forgotten_and_only_old_ones()
    {
        var store = await OpenAsync();
        await store.WriteAsync(Row("alive", 1) with { AliveAt = s_now.AddDays(-9) }, null, 0, Cancel);
        await store.WriteAsync(Row("old", 1) with { AliveAt = s_now.AddDays(-9), Gone = true }, null, 1, Cancel);
        await store.WriteAsync(Row("new", 1) with { Gone = true }, null, 2, Cancel);
        Assert.Equal(1, await store.ForgetAsync(s_now.AddDays(-7), Cancel));
        Assert.Equal(["alive", "new"], (await store.ReadAsync(Cancel)).Rows.Select(r => r.Node));
    }

    static MemberRow Row(string node, byte body) => new(node, false, s_now, new[] { body, (byte)0 });
}

public sealed class SimulatedMemberTests : MemberContract
{
    readonly SimulatedMembers _members = new();

    protected override Task<IMemberStore> OpenAsync() => Task.FromResult<IMemberStore>(_members);
}

public sealed class PostgresMemberTests : MemberContract
{
    readonly PostgresSubject _subject = new();
    PostgresStore? _store;

    protected override async Task<IMemberStore> OpenAsync() =>
        (_store ??= await _subject.OpenAsync(TimeProvider.System)).Members;

    public override async ValueTask DisposeAsync()
    {
        if (_store is not null)
        {
            await _store.DisposeAsync();
            _subject.Dispose();
        }
    }
}
