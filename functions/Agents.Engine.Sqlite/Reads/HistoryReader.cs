using Agents.Engine.Sqlite.Database;
using Agents.Engine.Store;

namespace Agents.Engine.Sqlite.Reads;

/// <summary>Reads an execution's history through its cuts: what lies before a cut is the parent's.</summary>
internal static class HistoryReader
{
    /// <summary>A fork of a fork of a fork …: beyond this somebody is forking in a loop.</summary>
    const int CutsMax = 10_000;

    readonly record struct Segment(long Execution, long From, long Before);

    public static IReadOnlyList<HistoryRow> Read(Connection connection, long execution, long from, long maxBytes)
    {
        var rows = new List<HistoryRow>();
        var bytes = 0L;
        foreach (var segment in Segments(connection, execution, from))
        {
            using var found = connection.Get("ReadHistory")
                .Bind(segment.Execution).Bind(segment.Before).Bind(segment.From).Query();
            while (found.Next())
            {
                var row = Cut(found.Long(0), found.Int(1), found.Bytes(2), segment);
                if (row is null)
                {
                    continue;
                }

                rows.Add(row);
                bytes += row.Bytes.Length;
                if (bytes >= maxBytes)
                {
                    return rows;
                }
            }
        }

        return rows;
    }

    static HistoryRow? Cut(long first, int count, byte[] bytes, Segment segment)
    {
        var skip = (int)Math.Max(0, segment.From - first);
        var end = (int)Math.Min(count, segment.Before - first);
        return end > skip ? new HistoryRow(first, count, bytes, skip, end - skip) : null;
    }

    /// <summary>Oldest ancestor first, each with the part of its history that counts.</summary>
    static Stack<Segment> Segments(Connection connection, long execution, long from)
    {
        var segments = new Stack<Segment>();
        var before = long.MaxValue;
        for (var i = 0; i < CutsMax; i++)
        {
            using var rows = connection.Get("ReadExecution").Bind(execution).Query();
            if (!rows.Next())
            {
                break;
            }

            var cut = InstanceReader.Execution(rows, 0).Cut;
            var begins = cut?.Sequence ?? 0;
            if (before > Math.Max(from, begins))
            {
                segments.Push(new Segment(execution, Math.Max(from, begins), before));
            }

            if (cut is null || from >= begins)
            {
                break;
            }

            (execution, before) = (cut.ParentExecutionKey, Math.Min(before, cut.Sequence));
        }

        return segments;
    }
}
