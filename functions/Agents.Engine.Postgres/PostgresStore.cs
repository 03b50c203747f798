using Agents.Engine.Postgres.Admin;
using Agents.Engine.Nodes;
using Agents.Engine.Postgres.Database;
using Agents.Engine.Postgres.Membership;
using Agents.Engine.Postgres.Nodes;
using Agents.Engine.Postgres.Queues;
using Agents.Engine.Postgres.Reads;
using Agents.Engine.Postgres.Writes;
using Agents.Engine.Store;
using Microsoft.Extensions.Logging;

namespace Agents.Engine.Postgres;

/// <summary>The store seams over one schema of a PostgreSQL database. See README.md of this project.</summary>
public sealed class PostgresStore : IEngineStore
{
    readonly Database.Database _database;
    readonly PostgresOptions _options;
    readonly Writer _writer;
    readonly StoreClock _clock;
    readonly ILogger _logger;

    PostgresStore(Database.Database database, PostgresOptions options, Durability durability, StoreClock clock, ILogger logger)
    {
        _database = database;
        _options = options;
        _clock = clock;
        _logger = logger;
        _writer = new Writer(database, options, logger);
        Durability = durability;
        Writes = new WriteSeam(_writer, database);
        Owner = new OwnerReads(database, clock);
        Queries = new QueryReads(database);
        Admin = new AdminWrites(database);
        Members = new MemberRows(database);
        Queues = new QueueRows(database);
    }

    public IWriteStore Writes { get; }

    public IOwnerStore Owner { get; }

    public IQueryStore Queries { get; }

    public IAdminStore Admin { get; }

    public IQueueStore Queues { get; }

    /// <summary>The nodes that share this store.</summary>
    public IMemberStore Members { get; }

    /// <summary>The given clock, put right by the server's: what the node and its timers go by.</summary>
    public TimeProvider Clock => _clock;

    /// <summary>Address for messages; never a secret.</summary>
    public string Where => _database.Where;

    /// <summary>What the server promised when the store was opened.</summary>
    public Durability Durability { get; }

    /// <summary>Ledger changes that were skipped because their attempt was no longer the current one.</summary>
    public long StaleLedgerWrites => _writer.StaleLedgerWrites;

    /// <summary>
    /// Opens the store, makes or migrates its schema, and says how durable the server is. Throws
    /// <see cref="StoreUnavailableException"/> when it cannot be opened.
    /// </summary>
    public static async Task<PostgresStore> OpenAsync(
        PostgresOptions options, TimeProvider clock, ILogger logger, CancellationToken cancel)
    {
        var database = new Database.Database(options);
        try
        {
            if (options.PrepareStatements && await database.IsPooledAsync(cancel))
            {
                Log.Pooled(logger, database.Where);
                await database.DisposeAsync();
                options = options with { PrepareStatements = false };
                database = new Database.Database(options);
            }

            var durability = await CheckAsync(database, cancel);
            Log.Opened(
                logger, database.Where, durability.ServerVersion, durability.Fsync, durability.SynchronousCommit,
                durability.FullPageWrites);
            if (!durability.Holds)
            {
                Log.NotDurable(logger, database.Where);
            }

            await Schema.PrepareAsync(database, options.Migrate, cancel);
            var following = new StoreClock(clock);
            if (options.FollowServerClock)
            {
                await SetAsync(following, database, cancel);
            }

            return new PostgresStore(database, options, durability, following, logger);
        }
        catch
        {
            await database.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Opens a task hub: the same tables in a schema of its own beside this one, made where it is new. It goes by this
    /// store's clock, shares its connections, and is disposed of before it.
    /// </summary>
    public async Task<PostgresStore> OpenHubAsync(string hub, CancellationToken cancel)
    {
        var options = _options with { Schema = HubSchema.Of(_options.Schema, hub) };
        var database = new Database.Database(_database, options.Schema);
        await Schema.PrepareAsync(database, options.Migrate, cancel);
        return new PostgresStore(database, options, Durability, _clock, _logger);
    }

    public Task<bool> HasHubAsync(string hub, CancellationToken cancel) => HubSchema.ExistsAsync(_database, HubSchema.Of(_options.Schema, hub), cancel);

    /// <summary>Removes a task hub with all that is in it; false: there is none of that name.</summary>
    public Task<bool> DropHubAsync(string hub, CancellationToken cancel) => HubSchema.DropAsync(_database, HubSchema.Of(_options.Schema, hub), cancel);

    /// <summary>The nodes of this store, found by the store alone.</summary>
    public IMembership NewMembership(MembershipOptions options) => new PostgresMembership(_database, _clock, options, _logger);

    public async Task<StoreHealth> ExamineAsync(CancellationToken cancel) => await _database.ReadAsync(
        async session => (await session.QueryAsync(
            session.Call("Examine").BindName(_database.Sql.Schema),
            row => new StoreHealth(row.Long(0), row.Long(1), row.TimeOrNull(2), row.Long(3), row.Long(4)), cancel))[0] with
        {
            Tables = await session.QueryAsync(
                session.Call("ExamineTables").BindName(_database.Sql.Schema),
                row => new TableHealth(row.GetString(0), row.Long(1), row.Long(2), row.Long(3), row.Long(4), row.LongOrNull(5)), cancel),
        },
        cancel);

    /// <summary>
    /// All nodes of a store keep what their tools note down in one folder. Takes the mark of this node's folder and returns
    /// the mark that counts: the one of the first node that ever asked.
    /// </summary>
    public async Task<string> AgreeOnFolderAsync(string mark, CancellationToken cancel) => await _database.ReadAsync(
        async session => (await session.QueryAsync(session.Call("AgreeOn").Bind(mark), row => row.Text(0), cancel))[0], cancel);

    /// <summary>
    /// Whether some node is at work, told by its count going on. Takes as long as the slowest may take to count, twice.
    /// </summary>
    public Task<bool> IsHostedAsync(CancellationToken cancel) => NodeWatch.IsAnyAtWorkAsync(_database, _clock, cancel);

    public async ValueTask DisposeAsync()
    {
        await _writer.DisposeAsync();
        await _database.DisposeAsync();
    }

    static Task<bool> SetAsync(StoreClock clock, Database.Database database, CancellationToken cancel) => database.ReadAsync(
        async session =>
        {
            var asked = clock.GetTimestamp();
            var at = await session.QueryAsync(session.Call("ServerClock"), row => row.Long(0), cancel);
            clock.Set(new DateTimeOffset(at[0], TimeSpan.Zero), clock.GetElapsedTime(asked));
            return true;
        },
        cancel);

    static async Task<Durability> CheckAsync(Database.Database database, CancellationToken cancel)
    {
        var found = await database.ReadAsync(
            async session => await session.QueryAsync(
                session.Call("ServerSettings"),
                row => (new Durability(row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3)), row.GetString(4)),
                cancel),
            cancel);
        var (durability, isolation) = found[0];
        return isolation == "read committed"
            ? durability
            : throw new StoreUnavailableException(
                $"AG1117: {database.Where} begins transactions as '{isolation}', the store is written for 'read committed'. "
                + "Reset default_transaction_isolation for this user and database.", null);
    }
}
