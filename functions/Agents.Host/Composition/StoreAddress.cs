using Agents.Cluster;
using Agents.Engine;
using Agents.Engine.Nodes;
using Agents.Engine.Postgres;
using Agents.Engine.Postgres.Nodes;
using Agents.Engine.Retention;
using Agents.Engine.Sqlite;
using Agents.Engine.Store;
using Agents.Engine.Work;
using Microsoft.Extensions.Logging;

namespace Agents.Host.Composition;

/// <summary>
/// Where runs are kept: in a data directory, or in a PostgreSQL database that several processes share. Either way the
/// process has a folder of its own for sockets, outputs, profiles and what its tools note down.
/// </summary>
sealed record StoreAddress(string DataDirectory, PostgresOptions? Postgres)
{
    public const string Variable = "AGENTS_STORE_URL";

    /// <summary>For messages and for commands that people copy: the data directory, or the address without its password.</summary>
    public string Place => Postgres?.Shown ?? DataDirectory;

    public bool IsShared => Postgres is not null;

    /// <summary>
    /// Worklists, artifacts, outputs and what file tools note down before they act. In a shared store every node must see
    /// the same: a run may go on anywhere.
    /// </summary>
    public string ToolsDirectory => SharedDirectory ?? DataDirectory;

    /// <summary>Null where there is one node.</summary>
    public string? SharedDirectory { get; init; }

    /// <summary>The folder was named by whoever started us; two processes beside each other need two.</summary>
    public bool HasOwnFolder { get; init; }

    /// <summary>Whether a text, as given to --store or printed by <see cref="Place"/>, names a server and not a folder.</summary>
    public static bool NamesServer(string text) => PostgresOptions.Names(text);

    /// <summary>How long this node keeps ended runs.</summary>
    public RetentionPolicy Retention { get; init; } = new();

    /// <summary>How this node talks to the others.</summary>
    public ClusterSettings Cluster { get; init; } = new();

    /// <summary>Whether a process is at work on the shared store.</summary>
    public async Task<bool> IsHostedAsync(ILogger log, CancellationToken cancel)
    {
        await using var store = await PostgresStore.OpenAsync(Postgres!, MachineClock.Instance, log, cancel);
        return await ClusterWatch.IsAnyAtWorkAsync(store.Members, store.Clock, cancel);
    }

    static void ClockSetBack(ILogger log, TimeSpan by)
    {
        if (log.IsEnabled(LogLevel.Warning))
        {
            log.LogWarning(
                "The machine's clock was set back by {Seconds:0} s; this process goes on with the time as it was, so that no run waits for it.",
                by.TotalSeconds);
        }
    }

    /// <summary>How the shared store stands, and whether somebody is at work on it. Changes nothing.</summary>
    public async Task<(StoreHealth Health, Durability Durability, bool Hosted)> ExamineAsync(ILogger log, CancellationToken cancel)
    {
        await using var store = await PostgresStore.OpenAsync(
            Postgres! with { Migrate = false }, MachineClock.Instance, log, cancel);
        return (await store.ExamineAsync(cancel), store.Durability, await IsHostedAsync(log, cancel));
    }

    /// <summary>Opens the store. A node holds its folder too, which proves its predecessors there dead.</summary>
    public async Task<OpenedStore> OpenAsync(bool execute, ILogger log, CancellationToken cancel)
    {
        if (Postgres is null)
        {
            // A shared store's clock is the database's; here the machine's is all there is, and people set it back.
            var clock = new SteadyClock(MachineClock.Instance, by => ClockSetBack(log, by));
            return new OpenedStore(SqliteStore.Open(DataDirectory, new SqliteOptions(), clock), clock);
        }

        var folder = execute ? Engine.Sqlite.DataDirectory.Hold(DataDirectory) : null;
        PostgresStore? store = null;
        try
        {
            var migrates = execute ? Postgres : Postgres with { Migrate = false };
            store = await PostgresStore.OpenAsync(migrates, MachineClock.Instance, log, cancel);
            if (execute && SharedDirectory is { } shared)
            {
                await AgreeAsync(store, shared, cancel);
            }

            var place = folder is null ? null : PlaceOf(folder.Path);
            return new OpenedStore(store, store.Clock)
            {
                Folder = folder,
                Place = place,
                Membership = folder is null
                    ? store.NewMembership(new MembershipOptions())   // joins nothing; it only looks
                    : ClusterMembership.Create(
                        Cluster with { Name = $"agents {Postgres.Schema}", Place = place! }, store.Members, store.Clock, log),
            };
        }
        catch
        {
            await (store?.DisposeAsync() ?? ValueTask.CompletedTask);
            folder?.Dispose();
            throw;
        }
    }

    /// <summary>A node that sees another folder than the others would do again what they have done.</summary>
    static async Task AgreeAsync(PostgresStore store, string shared, CancellationToken cancel)
    {
        Directory.CreateDirectory(shared);
        var mark = Mark(Path.Combine(shared, "store.id"));
        if (await store.AgreeOnFolderAsync(mark, cancel) != mark)
        {
            throw new StoreUnavailableException(
                $"AG1120: {shared} is not the folder that the other nodes of {store.Where} share. "
                + "Give every node the same one with --shared or AGENTS_SHARED.", null);
        }
    }

    /// <summary>Names the folder wherever it is mounted; made once, under its lock.</summary>
    static string PlaceOf(string folder) => $"{Environment.MachineName}:{Mark(Path.Combine(folder, "node.id"))}";

    /// <summary>What the file says; made whole where there is none, whoever else makes it at the same time.</summary>
    static string Mark(string file)
    {
        if (!File.Exists(file))
        {
            var made = $"{file}.{Guid.NewGuid():N}";
            File.WriteAllText(made, Guid.NewGuid().ToString("N"));
            try
            {
                File.Move(made, file);
            }
            catch (IOException) when (File.Exists(file))
            {
                File.Delete(made);
            }
        }

        return File.ReadAllText(file);
    }
}

/// <summary>A store and what a node on it goes by.</summary>
sealed record OpenedStore(IEngineStore Store, TimeProvider Clock) : IAsyncDisposable
{
    public DataDirectory? Folder { get; init; }

    /// <summary>Names the folder that this process holds by a lock, wherever it is mounted; null: none.</summary>
    public string? Place { get; init; }

    /// <summary>Null where one process at a time has the store.</summary>
    public IMembership? Membership { get; init; }

    public EngineOptions Options(bool execute) => new()
    {
        NodeId = Membership is ClusterMembership cluster ? cluster.NodeId : $"{Environment.ProcessId}-{Guid.NewGuid():N}",
        LookForLostHints = Membership is not null,
        GroupsInFlightMax = Membership is null ? 1 : PostgresOptions.CallersMax,
        Execute = execute,
        PredecessorsProvenDead = Membership is null,   // the lock on the data directory is the proof
        SweepEvery = TimeSpan.FromSeconds(Membership is null ? 30 : 60),   // a cluster asks the store often and cheaply whether to sweep
    };

    public async ValueTask DisposeAsync()
    {
        if (Membership is not null)
        {
            await Membership.DisposeAsync();
        }

        await Store.DisposeAsync();
        Folder?.Dispose();
    }
}
