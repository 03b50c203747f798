using Agents.Engine.Postgres;
using Xunit;

namespace Agents.StoreContract;

/// <summary>What agents doctor reads of a PostgreSQL store.</summary>
public sealed class PostgresHealthTests : StoreContract<PostgresSubject>
{
    [Fact]
    public async Task An_open_instance_that_nothing_will_wake_is_found()
    {
        await StartAsync(NewStart("a"));
        Assert.Equal((1L, 0L, 0L), await FiguresAsync());
        Subject.Run("delete from agents.inbox");
        Assert.Equal((1L, 0L, 1L), await FiguresAsync());
        Subject.Run("update agents.instances set wake_at = 1");
        Assert.Equal((1L, 0L, 0L), await FiguresAsync());
    }

    [Fact]
    public async Task Space_that_no_row_fills_is_seen()
    {
        foreach (var i in Enumerable.Range(0, 40))
        {
            await StartAsync(NewStart($"run{i}"));
        }

        Subject.Run("analyze agents.inbox");
        var full = await InboxAsync();
        Subject.Run("insert into agents.inbox (id, instance, kind, visible_at, body) select -n, 0, 0, 0, '\\x00' from generate_series(1, 20000) n");
        Subject.Run("delete from agents.inbox where id < 0");
        Subject.Run("analyze agents.inbox");
        var bloated = await InboxAsync();
        Assert.True(bloated.SlackBytes > full.SlackBytes + 500_000, $"{full} {bloated}");

        async Task<TableHealth> InboxAsync() =>
            (await ((PostgresStore)Store).ExamineAsync(Cancel)).Tables.Single(table => table.Name == "inbox");
    }

    [Fact]
    public async Task Nodes_that_start_together_migrate_one_after_the_other()
    {
        Subject.Run($"drop schema {Subject.Options.Schema} cascade");
        var opened = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Subject.OpenAsync(Clock)));
        foreach (var store in opened)
        {
            Assert.Equal(0, (await store.ExamineAsync(Cancel)).Open);
            await store.DisposeAsync();
        }
    }

    async Task<(long Open, long Parked, long Stuck)> FiguresAsync()
    {
        var health = await ((PostgresStore)Store).ExamineAsync(Cancel);
        Assert.True(health.Bytes > 0);
        Assert.NotNull(health.OldestOpen);
        return (health.Open, health.Parked, health.Stuck);
    }
}
