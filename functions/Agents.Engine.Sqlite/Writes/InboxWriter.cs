using Agents.Contracts.Client;
using Agents.Contracts.Instances;
using Agents.Engine.Sqlite.Database;
using Agents.Engine.Store;

namespace Agents.Engine.Sqlite.Writes;

/// <summary>Puts rows into inboxes and takes consumed ones out.</summary>
internal sealed class InboxWriter(Connection connection)
{
    long _lastId = connection.Get("LastInboxId").Scalar() ?? 0;

    public WriteOutcome Write(InboxSend send)
    {
        long key, lineage;
        bool finished;
        using (var found = connection.Get("FindTarget").Bind(send.InstanceId).Query())
        {
            if (!found.Next())
            {
                return new WriteOutcome.Sent(SendOutcome.NotFound, 0);
            }

            (key, lineage) = (found.Long(0), found.Long(2));
            finished = ((OrchestrationStatus)found.Int(1)).IsTerminal();
        }

        if (send.Message.DedupKey is { } dedup && connection.Get("FindDedup").Bind(key).Bind(dedup).Scalar() is not null)
        {
            return new WriteOutcome.Sent(SendOutcome.AlreadyAccepted, key);
        }

        if (finished)
        {
            return new WriteOutcome.Sent(SendOutcome.Finished, key);
        }

        Add(key, lineage, send.Message, null);
        return new WriteOutcome.Sent(SendOutcome.Accepted, key);
    }

    /// <summary>A row for an instance whose lineage is looked up only when there are payloads.</summary>
    public void Add(long instance, InboxMessage message, DateTimeOffset? notBefore)
    {
        var lineage = message.Payloads.Count == 0 ? 0 : connection.Get("LineageOf").Bind(instance).Scalar() ?? 0;
        Add(instance, lineage, message, notBefore);
    }

    public void Add(long instance, long lineage, InboxMessage message, DateTimeOffset? notBefore)
    {
        if (message.DedupKey is { } dedup
            && connection.Get("AddDedup").Bind(instance).Bind(dedup).Execute() == 0)
        {
            return;
        }

        connection.Get("AddInbox").Bind(++_lastId).Bind(instance).Bind((long)message.Kind)
            .Bind((message.VisibleAt ?? notBefore)?.UtcTicks ?? 0).Bind(message.ExecutionId)
            .Bind(message.DedupKey).Bind(message.Body.Span).Execute();
        AddPayloads(lineage, message.Payloads);
    }

    public void AddPayloads(long lineage, IReadOnlyList<PayloadRow> payloads)
    {
        foreach (var payload in payloads)
        {
            connection.Get("AddPayload").Bind(lineage).Bind(payload.Hash.Span).Bind(payload.Length)
                .Bind(payload.Compressed.Span).Execute();
        }
    }

    /// <summary>Exactly once: a row that is not there any more means that somebody else consumed it.</summary>
    public void Consume(long instance, long id)
    {
        if (connection.Get("ConsumeInbox").Bind(id).Bind(instance).Execute() != 1)
        {
            throw new RefusedWriteException($"inbox row {id} of instance {instance} is not there: it was consumed before");
        }
    }
}
