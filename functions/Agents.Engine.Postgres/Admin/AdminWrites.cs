using Agents.Contracts.Client;
using Agents.Engine.Postgres.Database;
using Agents.Engine.Postgres.Writes;
using Agents.Engine.Store;

namespace Agents.Engine.Postgres.Admin;

/// <summary>Rare operations, each a transaction of its own.</summary>
internal sealed class AdminWrites(Database.Database database) : IAdminStore
{
    public Task<bool> RewindAsync(
        long instanceKey, long expectedExecutionKey, string newExecutionId, string identitySeed, long cutSequence,
        IReadOnlyList<InboxMessage> inbox, DateTimeOffset now, CancellationToken cancel) => database.TransactAsync(
        async session =>
        {
            var opened = await session.QueryAsync(
                session.Call("Rewind").Bind(instanceKey).Bind(expectedExecutionKey).Bind(cutSequence).Bind(newExecutionId)
                    .Bind(identitySeed).Bind(now),
                row => row.Long(0),
                cancel);
            if (opened.Count == 0)
            {
                return false;
            }

            await session.ExecuteAsync(session.Call("OpenInbox").Bind(instanceKey), cancel);
            foreach (var message in inbox)
            {
                await session.ExecuteAsync(InboxWriter.Add(session.Call("AddInbox"), instanceKey, null, message), cancel);
            }

            return true;
        },
        cancel);

    public Task<PurgeOutcome> PurgeAsync(IReadOnlyList<string> instanceIds, DateTimeOffset now, CancellationToken cancel) =>
        database.TransactAsync(session => PurgeAsync(session, instanceIds, now, cancel), cancel);

    public Task<bool> UnparkAsync(long instanceKey, DateTimeOffset now, CancellationToken cancel) => database.TransactAsync(
        async session => await session.ExecuteAsync(session.Call("Unpark").Bind(now).Bind(instanceKey), cancel) == 1, cancel);

    public Task<int> ForgetTombstonesAsync(DateTimeOffset before, CancellationToken cancel) => database.TransactAsync(
        session => session.ExecuteAsync(session.Call("ForgetTombstones").Bind(before), cancel), cancel);

    public Task<IReadOnlyList<string>> VerifyAsync(CancellationToken cancel) =>
        database.SnapshotAsync<IReadOnlyList<string>>(session => new Verification(session).RunAsync(cancel), cancel);

    static async Task<PurgeOutcome> PurgeAsync(
        Session session, IReadOnlyList<string> ids, DateTimeOffset now, CancellationToken cancel)
    {
        var deleted = 0;
        var running = new List<string>();
        var retainedBy = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var id in ids)
        {
            await session.ExecuteAsync(session.Call("LockLineage").Bind(true).Bind(id).Bind((long?)null), cancel);
            var found = await session.QueryAsync(
                session.Call("FindForPurge").Bind(id),
                row => (Key: row.Long(0), Finished: row.GetBoolean(1), Digest: row.Text(2)),
                cancel);
            if (found.Count == 0)
            {
                continue;
            }

            if (!found[0].Finished)
            {
                running.Add(id);
                continue;
            }

            var forks = await session.QueryAsync(
                session.Call("Dependents").Bind(found[0].Key), row => row.Text(0), cancel);
            await session.ExecuteAsync(session.Call("AddTombstone").Bind(id).Bind(found[0].Digest).Bind(now), cancel);
            var gone = await session.QueryAsync(
                session.Call("Remove").Bind(id).Bind(true).Bind((string?)null).Bind((Guard?)null), row => row.GetBoolean(0), cancel);
            if (gone is [true])
            {
                deleted++;
            }
            else
            {
                retainedBy.UnionWith(forks);
            }
        }

        var refusal = running.Count == 0 ? null : $"not finished: {string.Join(", ", running)}; terminate before purging";
        return new PurgeOutcome(deleted, refusal, [.. retainedBy]);
    }
}
