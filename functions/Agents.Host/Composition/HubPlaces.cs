using Agents.Engine.Postgres;
using Agents.Engine.Postgres.Nodes;
using Agents.Engine.Sqlite;

namespace Agents.Host.Composition;

/// <summary>Where the task hubs besides the main one keep what they have. Names are checked, and in lower case.</summary>
interface IHubPlaces
{
    Task<bool> ExistsAsync(string name, CancellationToken cancel);

    /// <summary>Made where it is new.</summary>
    Task<OpenedStore> OpenAsync(string name, CancellationToken cancel);

    /// <summary>Of a hub that is not open here.</summary>
    Task RemoveAsync(string name, CancellationToken cancel);
}

/// <summary>Each in a folder of its own below the data directory, with a store of its own.</summary>
sealed class HubFolders(string dataDirectory, TimeProvider clock) : IHubPlaces
{
    public Task<bool> ExistsAsync(string name, CancellationToken cancel) => Task.FromResult(Directory.Exists(Folder(name)));

    public Task<OpenedStore> OpenAsync(string name, CancellationToken cancel)
    {
        Directory.CreateDirectory(Folder(name));
        return Task.FromResult(new OpenedStore(SqliteStore.Open(Folder(name), new SqliteOptions(), clock), clock));
    }

    public Task RemoveAsync(string name, CancellationToken cancel)
    {
        if (Directory.Exists(Folder(name)))
        {
            Directory.Delete(Folder(name), recursive: true);
        }

        return Task.CompletedTask;
    }

    string Folder(string name) => Path.Combine(dataDirectory, "hubs", name);
}

/// <summary>
/// Each in a schema of its own beside the store's. Its nodes are those that have opened it; they find each other by the
/// store alone, so that a hub costs no cluster of its own.
/// </summary>
sealed class HubSchemas(PostgresStore store, string? place) : IHubPlaces
{
    public Task<bool> ExistsAsync(string name, CancellationToken cancel) => store.HasHubAsync(name, cancel);

    public async Task<OpenedStore> OpenAsync(string name, CancellationToken cancel)
    {
        var hub = await store.OpenHubAsync(name, cancel);
        return new OpenedStore(hub, hub.Clock) { Membership = hub.NewMembership(new MembershipOptions { Place = place }) };
    }

    public Task RemoveAsync(string name, CancellationToken cancel) => store.DropHubAsync(name, cancel);
}
