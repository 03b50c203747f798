using Agents.Contracts.Client;
using Agents.Contracts.Instances;
using Agents.Engine.Sqlite.Database;
using Agents.Engine.Sqlite.Reads;
using Agents.Engine.Sqlite.Writes;
using Agents.Engine.Store;

namespace Agents.Engine.Sqlite.Admin;

/// <summary>Rare operations, each a transaction of its own on the writer thread.</summary>
internal sealed class AdminWrites(Writer writer, ReadPool pool) : IAdminStore
{
    public Task<bool> RewindAsync(
        long instanceKey, long expectedExecutionKey, string newExecutionId, string identitySeed, long cutSequence,
        IReadOnlyList<InboxMessage> inbox, DateTimeOffset now, CancellationToken cancel) => writer.RunAsync(
        (connection, group) =>
        {
            if (Rewindable(connection, instanceKey, expectedExecutionKey, cutSequence) is not { } generation)
            {
                return false;
            }

            connection.Get("AddExecution").Bind(instanceKey).Bind(newExecutionId).Bind(generation + 1)
                .Bind(expectedExecutionKey).Bind(cutSequence).Bind(identitySeed).Execute();
            connection.Get("Rewind").Bind(connection.LastRowId).Bind(cutSequence).Bind(now).Bind(instanceKey).Execute();
            connection.Get("ReopenDetails").Bind(instanceKey).Execute();
            connection.Get("OpenInbox").Bind(instanceKey).Execute();
            foreach (var message in inbox)
            {
                group.Inbox.Add(instanceKey, message, null);
            }

            return true;
        },
        cancel);

    public Task<PurgeOutcome> PurgeAsync(IReadOnlyList<string> instanceIds, DateTimeOffset now, CancellationToken cancel) =>
        writer.RunAsync((connection, _) => Purge(connection, instanceIds, now), cancel);

    public Task<bool> UnparkAsync(long instanceKey, DateTimeOffset now, CancellationToken cancel) => writer.RunAsync(
        (connection, _) => connection.Get("Unpark").Bind(now).Bind(instanceKey).Execute() == 1, cancel);

    public Task<int> ForgetTombstonesAsync(DateTimeOffset before, CancellationToken cancel) => writer.RunAsync(
        (connection, _) => connection.Get("ForgetTombstones").Bind(before).Execute(), cancel);

    public Task<IReadOnlyList<string>> VerifyAsync(CancellationToken cancel) =>
        pool.SnapshotAsync<IReadOnlyList<string>>(connection => new Verification(connection).Run(cancel), cancel);

    static int? Rewindable(Connection connection, long instance, long execution, long cut)
    {
        using var rows = connection.Get("FindForRewind").Bind(instance).Bind(execution).Query();
        return rows.Next() && cut >= 0 && cut <= rows.Long(1) ? rows.Int(0) : null;
    }

    static PurgeOutcome Purge(Connection connection, IReadOnlyList<string> ids, DateTimeOffset now)
    {
        var deleted = 0;
        var running = new List<string>();
        var retainedBy = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var id in ids)
        {
            if (Find(connection, id) is not { } found)
            {
                continue;
            }

            if (!found.Finished)
            {
                running.Add(id);
                continue;
            }

            var forks = Dependents(connection, found.Key);
            connection.Get("AddTombstone").Bind(id).Bind(found.Digest).Bind(now).Execute();
            if (Removal.Remove(connection, found.Key))
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

    static (long Key, bool Finished, string Digest)? Find(Connection connection, string id)
    {
        using var rows = connection.Get("FindForStart").Bind(id).Query();
        return rows.Next() ? (rows.Long(0), ((OrchestrationStatus)rows.Int(1)).IsTerminal(), rows.Text(2)) : null;
    }

    static List<string> Dependents(Connection connection, long instance)
    {
        var ids = new List<string>();
        using var rows = connection.Get("Dependents").Bind(instance).Query();
        while (rows.Next())
        {
            ids.Add(rows.Text(0));
        }

        return ids;
    }
}
