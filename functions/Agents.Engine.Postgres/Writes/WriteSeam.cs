using Agents.Engine.Postgres.Reads;
using Agents.Engine.Store;

namespace Agents.Engine.Postgres.Writes;

internal sealed class WriteSeam(Writer writer, Database.Database database) : IWriteStore
{
    public Task<IReadOnlyList<WriteOutcome>> WriteAsync(IReadOnlyList<StoreWrite> batch, CancellationToken cancel) =>
        writer.WriteAsync(batch, cancel);

    public Task<IReadOnlyList<InstanceRecord>> ReadInstancesAsync(IReadOnlyList<long> keys, CancellationToken cancel) =>
        database.ReadAsync<IReadOnlyList<InstanceRecord>>(
            async session => await session.QueryAsync(
                session.Call("InstancesByKey").Bind(keys), InstanceReader.Instance, cancel),
            cancel);
}
