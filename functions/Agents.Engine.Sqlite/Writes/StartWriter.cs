using Agents.Contracts.Client;
using Agents.Contracts.Instances;
using Agents.Engine.Sqlite.Admin;
using Agents.Engine.Sqlite.Database;
using Agents.Engine.Store;

namespace Agents.Engine.Sqlite.Writes;

/// <summary>Creates instances, or says why an id is not to be had.</summary>
internal sealed class StartWriter(Connection connection, InboxWriter inbox, TimeSpan dedupWindow)
{
    sealed record Existing(long Key, bool Finished, string Digest, string? Parent);

    public WriteOutcome Write(InstanceStart start)
    {
        var existing = Find(start.InstanceId);
        if (existing is not null && Replaceable(start, existing))
        {
            Removal.Remove(connection, existing.Key);
            existing = null;
        }

        var taken = existing is not null
            ? Taken(start, existing.Digest, existing.Key)
            : TakenByTombstone(start);
        return taken ?? new WriteOutcome.Started(StartOutcome.Started, Create(start));
    }

    static bool Replaceable(InstanceStart start, Existing existing) => existing.Finished
        && (start.ReplaceTerminal || (start.ReplaceFinishedChild && existing.Parent == start.ParentInstanceId));

    Existing? Find(string id)
    {
        using var rows = connection.Get("FindForStart").Bind(id).Query();
        return rows.Next()
            ? new Existing(rows.Long(0), ((OrchestrationStatus)rows.Int(1)).IsTerminal(), rows.Text(2), rows.TextOrNull(3))
            : null;
    }

    WriteOutcome? TakenByTombstone(InstanceStart start)
    {
        if (start.ReplaceTerminal || start.ReplaceFinishedChild)
        {
            return null;
        }

        using var rows = connection.Get("FindTombstone").Bind(start.InstanceId).Bind(start.Now - dedupWindow).Query();
        return rows.Next() ? Taken(start, rows.Text(0), 0) : null;
    }

    WriteOutcome Taken(InstanceStart start, string digest, long key)
    {
        if (start.OnClash is { } clash)
        {
            inbox.Write(clash);
            return new WriteOutcome.Started(StartOutcome.Conflict, key);
        }

        return new WriteOutcome.Started(
            digest == start.RequestDigest ? StartOutcome.AlreadyStarted : StartOutcome.Conflict, key);
    }

    long Create(InstanceStart start)
    {
        if (start.Cut is { } cut && connection.Get("ParentCut").Bind(cut.ParentExecutionKey).Scalar() != 1)
        {
            throw new RefusedWriteException($"{start.InstanceId}: the run that it forks is gone");
        }

        // Without an inbox row nothing else would wake it.
        var wake = start.Inbox.Count == 0 ? start.ScheduledStart ?? start.Now : (DateTimeOffset?)null;
        var next = start.Cut?.Sequence ?? 0;
        connection.Get("AddInstance").Bind(next).Bind(start.Now).Bind((long)OrchestrationStatus.Pending).Bind(wake).Execute();
        var key = connection.LastRowId;
        var lineage = start.LineageKey ?? key;
        connection.Get("AddDetails").Bind(key).Bind(start.InstanceId).Bind(start.Name).Bind(start.Version).Bind(lineage)
            .Bind(start.ParentInstanceId).Bind(start.RequestDigest).Bind(start.Now).Execute();
        connection.Get("AddExecution").Bind(key).Bind(start.ExecutionId).Bind(start.Generation)
            .Bind(start.Cut?.ParentExecutionKey).Bind(start.Cut?.Sequence)
            .Bind(start.IdentitySeed ?? start.ExecutionId).Execute();
        connection.Get("OpenExecution").Bind(connection.LastRowId).Bind(next).Bind(key).Execute();
        foreach (var (name, value) in start.Tags ?? new Dictionary<string, string>())
        {
            connection.Get("AddTag").Bind(key).Bind(name).Bind(value).Execute();
        }

        inbox.AddPayloads(lineage, start.Payloads);
        foreach (var message in start.Inbox)
        {
            inbox.Add(key, lineage, message, start.ScheduledStart);
        }

        return key;
    }
}
