using Agents.Engine.Sqlite.Reads;
using Agents.Engine.Store;

namespace Agents.Engine.Sqlite.Writes;

internal sealed class WriteSeam(Writer writer, ReadPool pool) : IWriteStore
{
    public Task<IReadOnlyList<WriteOutcome>> WriteAsync(IReadOnlyList<StoreWrite> batch, CancellationToken cancel) =>
        writer.WriteAsync(batch, cancel);

    public Task<IReadOnlyList<InstanceRecord>> ReadInstancesAsync(IReadOnlyList<long> keys, CancellationToken cancel) =>
        pool.SnapshotAsync<IReadOnlyList<InstanceRecord>>(
            connection => [.. keys.Select(key => InstanceReader.ByKey(connection, key)).OfType<InstanceRecord>()], cancel);
}
