using Agents.Contracts.Client;
using Agents.Contracts.Instances;
using Agents.Engine.History;
using Agents.Engine.Postgres.Database;
using Agents.Engine.Store;
using Npgsql;

namespace Agents.Engine.Postgres.Reads;

/// <summary>Instances as clients see them. The input is in ExecutionStarted: in history, or still in the inbox.</summary>
internal static class ViewReader
{
    /// <summary>Carried-over events may stand beside ExecutionStarted, never before it.</summary>
    const int InboxRowsLookedAt = 1;

    sealed record Found(long Key, long Execution, long Lineage, InstanceView View);

    public static async Task<Dictionary<long, InstanceView>> ReadAsync(
        Session session, IReadOnlyList<long> keys, bool withPayloads, CancellationToken cancel)
    {
        var found = await session.QueryAsync(
            session.Call("ReadView").Bind(keys),
            row => new Found(row.Long(18), row.Long(16), row.Long(17), Columns(row, withPayloads)),
            cancel);
        var tags = (await session.QueryAsync(
            session.Call("ReadTags").Bind(keys), row => (Key: row.Long(0), Name: row.Text(1), Value: row.Text(2)), cancel))
            .ToLookup(tag => tag.Key);
        var views = new Dictionary<long, InstanceView>();
        foreach (var one in found)
        {
            var own = tags[one.Key].ToDictionary(tag => tag.Name, tag => tag.Value, StringComparer.Ordinal);
            views[one.Key] = one.View with
            {
                Tags = own.Count == 0 ? null : own,
                Input = withPayloads ? await InputAsync(session, one, cancel) : null,
            };
        }

        return views;
    }

    static InstanceView Columns(NpgsqlDataReader row, bool withPayloads) => new()
    {
        InstanceId = row.Text(0),
        ExecutionId = row.Text(1),
        Generation = row.Int(2),
        Name = row.Text(3),
        Version = row.TextOrNull(4),
        Status = (OrchestrationStatus)row.Int(5),
        CreatedAt = row.Time(6),
        UpdatedAt = row.Time(7),
        CompletedAt = row.TimeOrNull(8),
        Output = withPayloads ? row.TextOrNull(9) : null,
        CustomStatus = withPayloads ? row.TextOrNull(10) : null,
        Failure = withPayloads && !row.IsDBNull(11) ? FailureText.Read(row.Bytes(11)) : null,
        ParentInstanceId = row.TextOrNull(12),
        HistoryEvents = row.Long(13),
        Parked = row.TextOrNull(14),
        InDoubt = row.Int(15),
    };

    static async Task<string?> InputAsync(Session session, Found found, CancellationToken cancel)
    {
        var history = await HistoryReader.ReadAsync(session, found.Execution, 0, 1, cancel);
        if (history.Count > 0)
        {
            return await ResolvedAsync(session, found.Lineage, look => StartedInput.OfRow(history[0].Bytes, look), cancel);
        }

        var waiting = await session.QueryAsync(
            session.Call("ReadFirstInbox").Bind(found.Key).Bind((long)InboxRowsLookedAt), row => row.Bytes(0), cancel);
        return waiting.Count > 0
            ? await ResolvedAsync(session, found.Lineage, look => StartedInput.OfEvent(waiting[0], look), cancel)
            : null;
    }

    /// <summary>Decodes once to hear which payloads are wanted, and again with them when there are any.</summary>
    static async Task<string?> ResolvedAsync(
        Session session, long lineage,
        Func<Func<IReadOnlyCollection<string>, IReadOnlyDictionary<string, PayloadRow>>, string?> decode,
        CancellationToken cancel)
    {
        IReadOnlyCollection<string> wanted = [];
        var text = decode(hashes =>
        {
            wanted = [.. hashes];
            return new Dictionary<string, PayloadRow>();
        });
        if (wanted.Count == 0)
        {
            return text;
        }

        var payloads = await PayloadReader.ReadAsync(session, lineage, wanted, cancel);
        return decode(_ => payloads);
    }
}
