using Agents.Engine.Postgres.Database;
using Agents.Engine.Store;

namespace Agents.Engine.Postgres.Reads;

/// <summary>Reads an execution's history through its cuts: what lies before a cut is the parent's.</summary>
internal static class HistoryReader
{
    /// <summary>A fork of a fork of a fork …: beyond this somebody is forking in a loop.</summary>
    const int CutsMax = 10_000;

    readonly record struct Segment(long Execution, long From, long Before);

    public static async Task<IReadOnlyList<HistoryRow>> ReadAsync(
        Session session, long execution, long from, long maxBytes, CancellationToken cancel)
    {
        var rows = new List<HistoryRow>();
        var bytes = 0L;
        foreach (var segment in await SegmentsAsync(session, execution, from, cancel))
        {
            var call = session.Call("ReadHistory").Bind(segment.Execution).Bind(segment.Before).Bind(segment.From);
            await session.QueryWhileAsync(
                call,
                found =>
                {
                    if (Cut(found.Long(0), found.Int(1), found.Bytes(2), segment) is { } row)
                    {
                        rows.Add(row);
                        bytes += row.Bytes.Length;
                    }

                    return bytes < maxBytes;
                },
                cancel);
            if (bytes >= maxBytes)
            {
                break;
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
    static async Task<Stack<Segment>> SegmentsAsync(Session session, long execution, long from, CancellationToken cancel)
    {
        var segments = new Stack<Segment>();
        var before = long.MaxValue;
        for (var i = 0; i < CutsMax; i++)
        {
            var found = await session.QueryAsync(session.Call("ReadExecution").Bind(execution), InstanceReader.Execution, cancel);
            if (found.Count == 0)
            {
                break;
            }

            var cut = found[0].Cut;
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
