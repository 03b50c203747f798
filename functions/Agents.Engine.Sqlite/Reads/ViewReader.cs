using Agents.Contracts.Client;
using Agents.Contracts.Instances;
using Agents.Engine.History;
using Agents.Engine.Sqlite.Database;
using Agents.Engine.Store;

namespace Agents.Engine.Sqlite.Reads;

/// <summary>An instance as clients see it. Its input is in ExecutionStarted: in history, or still in the inbox.</summary>
internal static class ViewReader
{
    /// <summary>Carried-over events may stand beside ExecutionStarted, never before it.</summary>
    const int InboxRowsLookedAt = 1;

    public static InstanceView? Read(Connection connection, long key, bool withPayloads)
    {
        long execution, lineage;
        InstanceView view;
        using (var rows = connection.Get("ReadView").Bind(key).Query())
        {
            if (!rows.Next())
            {
                return null;
            }

            view = Columns(rows, withPayloads);
            (execution, lineage) = (rows.Long(16), rows.Long(17));
        }

        var tags = Tags(connection, key);
        return view with
        {
            Tags = tags.Count == 0 ? null : tags,
            Input = withPayloads ? Input(connection, key, execution, lineage) : null,
        };
    }

    static InstanceView Columns(Statement.Rows rows, bool withPayloads) => new()
    {
        InstanceId = rows.Text(0),
        ExecutionId = rows.Text(1),
        Generation = rows.Int(2),
        Name = rows.Text(3),
        Version = rows.TextOrNull(4),
        Status = (OrchestrationStatus)rows.Int(5),
        CreatedAt = rows.Time(6),
        UpdatedAt = rows.Time(7),
        CompletedAt = rows.TimeOrNull(8),
        Output = withPayloads ? rows.TextOrNull(9) : null,
        CustomStatus = withPayloads ? rows.TextOrNull(10) : null,
        Failure = withPayloads && !rows.IsNull(11) ? FailureText.Read(rows.Bytes(11)) : null,
        ParentInstanceId = rows.TextOrNull(12),
        HistoryEvents = rows.Long(13),
        Parked = rows.TextOrNull(14),
        InDoubt = rows.Int(15),
    };

    static Dictionary<string, string> Tags(Connection connection, long key)
    {
        var tags = new Dictionary<string, string>(StringComparer.Ordinal);
        using var rows = connection.Get("ReadTags").Bind(key).Query();
        while (rows.Next())
        {
            tags[rows.Text(0)] = rows.Text(1);
        }

        return tags;
    }

    static string? Input(Connection connection, long key, long execution, long lineage)
    {
        var history = HistoryReader.Read(connection, execution, 0, 1);
        if (history.Count > 0)
        {
            return StartedInput.OfRow(history[0].Bytes, hashes => PayloadReader.Read(connection, lineage, hashes));
        }

        using var rows = connection.Get("ReadFirstInbox").Bind(key).Bind(InboxRowsLookedAt).Query();
        return rows.Next()
            ? StartedInput.OfEvent(rows.Bytes(0), hashes => PayloadReader.Read(connection, lineage, hashes))
            : null;
    }
}
