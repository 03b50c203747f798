using Agents.Bench.Floors;
using Agents.Bench.Machine;
using Agents.Bench.Results;
using Agents.Bench.Workload;
using Agents.Engine.Sqlite;
using Agents.Engine.Store;

namespace Agents.Bench.Stores;

/// <summary>A store to be measured, with the floor of its database and what the database says of itself.</summary>
abstract class BenchStore : IAsyncDisposable
{
    public abstract IFloor Floor { get; }

    public abstract Task<IEngineStore> OpenAsync();

    /// <summary>Writes that a node lets wait for the store at once.</summary>
    public virtual int Callers => 1;

    /// <summary>What makes a commit durable here.</summary>
    public abstract ResultLine Settings();

    /// <summary>Bytes stored, tables and indexes; less what an empty schema takes. After the store was closed.</summary>
    public abstract long Growth();

    /// <summary>Turns a second by the store's own statement, bare, over as many loops; null where that is not told apart.</summary>
    public virtual double? OwnStatementPerSecond(int loops, int turnsEach) => null;

    /// <summary>Processor time of the database where it is a process of its own.</summary>
    public virtual double ServerCpuSeconds() => 0;

    public abstract ValueTask DisposeAsync();

    public static BenchStore Of(BenchOptions options) =>
        options.Store == "postgres" ? new PostgresBench(options) : new SqliteBench(options.Bytes);

    sealed class SqliteBench(int bytes) : BenchStore
    {
        readonly ScratchFolder _data = new("agent");

        public override IFloor Floor { get; } = new SqliteFloor(Checkout.Scratch, bytes);

        public override Task<IEngineStore> OpenAsync() =>
            Task.FromResult<IEngineStore>(SqliteStore.Open(_data.Path, new SqliteOptions(), TimeProvider.System));

        public override ResultLine Settings() => StoredFile.Settings(_data.Path);

        public override long Growth() => StoredFile.Growth(_data.Path);

        public override ValueTask DisposeAsync()
        {
            Floor.Dispose();
            _data.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
