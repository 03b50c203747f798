using Agents.Contracts.Client;
using Agents.Engine.Postgres;
using Agents.Engine.Store;
using Xunit;

namespace Agents.StoreContract;

/// <summary>Task hubs of one store: schemas of their own behind one pool of connections.</summary>
public sealed class PostgresHubTests : StoreContract<PostgresSubject>
{
    [Fact]
    public async Task More_hubs_than_connections_write_and_read_side_by_side()
    {
        var store = (PostgresStore)Store;
        var hubs = new List<PostgresStore>();
        try
        {
            for (var i = 0; i < (2 * Subject.Options.ConnectionsMax) + 1; i++)
            {
                hubs.Add(await store.OpenHubAsync($"h{i}", Cancel));
            }

            // Twice: the second time each of them has written before, and none may have kept what the others need.
            foreach (var name in new[] { "first", "second" })
            {
                var outcomes = await Task.WhenAll(hubs.Select(hub => hub.Writes.WriteAsync([NewStart(name)], Cancel)));
                Assert.All(outcomes, outcome => Assert.Equal(StartOutcome.Started, Assert.IsType<WriteOutcome.Started>(outcome[0]).Outcome));
                await Task.WhenAll(hubs.Select(hub => hub.ExamineAsync(Cancel)));
            }

            Assert.Equal(StartOutcome.Started, (await StartAsync(NewStart("own"))).Outcome);
        }
        finally
        {
            foreach (var hub in hubs)
            {
                await hub.DisposeAsync();
                await store.DropHubAsync($"h{hubs.IndexOf(hub)}", Cancel);
            }
        }
    }
}
