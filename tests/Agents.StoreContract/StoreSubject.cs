using Agents.Engine.Sqlite;
using Agents.Engine.Store;
using Agents.TestKit.Store;

namespace Agents.StoreContract;

/// <summary>A store to be tried. Opening it again finds what the one before left.</summary>
public abstract class StoreSubject : IDisposable
{
    /// <summary>Small, so that a test can go beyond it.</summary>
    public const int RowBytesMax = 1 << 20;

    public abstract IEngineStore Open(TimeProvider clock);

    public abstract long StaleLedgerWrites(IEngineStore store);

    public abstract void Dispose();
}

public sealed class SqliteSubject : StoreSubject
{
    readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("agents-store-");

    public string Path => _directory.FullName;

    public override IEngineStore Open(TimeProvider clock) =>
        SqliteStore.Open(Path, new SqliteOptions { RowBytesMax = RowBytesMax }, clock);

    public override long StaleLedgerWrites(IEngineStore store) => ((SqliteStore)store).StaleLedgerWrites;

    public override void Dispose() => _directory.Delete(recursive: true);
}

public sealed class SimulatedSubject : StoreSubject
{
    SimulatedStore? _store;

    public override IEngineStore Open(TimeProvider clock) =>
        _store ??= new SimulatedStore(clock, new SimulatedStoreOptions { RowBytesMax = RowBytesMax });

    public override long StaleLedgerWrites(IEngineStore store) => ((SimulatedStore)store).StaleLedgerWrites;

    public override void Dispose()
    {
    }
}
