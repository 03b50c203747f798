using Agents.Engine.Store;

namespace Agents.TestKit.Store;

/// <summary>Reads history through cuts.</summary>
internal static class StoredHistory
{
    public static IReadOnlyList<HistoryRow> Read(SimulatedState state, long execution, long from, long maxBytes)
    {
        var rows = new List<HistoryRow>();
        var bytes = 0L;
        foreach (var (stored, first, before) in Segments(state, execution, from))
        {
            foreach (var row in stored.Rows)
            {
                var skip = (int)Math.Max(0, first - row.First);
                var end = (int)Math.Min(row.Count, before - row.First);
                if (end <= skip)
                {
                    continue;
                }

                rows.Add(new HistoryRow(row.First, row.Count, row.Bytes, skip, end - skip));
                bytes += row.Bytes.Length;
                if (bytes >= maxBytes)
                {
                    return rows;
                }
            }
        }

        return rows;
    }

    public static IReadOnlyDictionary<string, PayloadRow> Payloads(
        SimulatedState state, long lineage, IEnumerable<string> hashes) =>
        hashes.Distinct().Where(hash => state.Payloads.ContainsKey((lineage, hash)))
            .ToDictionary(hash => hash, hash => state.Payloads[(lineage, hash)]);

    static Stack<(SimulatedExecution Execution, long From, long Before)> Segments(SimulatedState state, long key, long from)
    {
        var segments = new Stack<(SimulatedExecution, long, long)>();
        var before = long.MaxValue;
        while (state.Executions.TryGetValue(key, out var execution))
        {
            var cut = execution.Record.Cut;
            var begins = cut?.Sequence ?? 0;
            segments.Push((execution, Math.Max(from, begins), before));
            if (cut is null || from >= begins)
            {
                break;
            }

            (key, before) = (cut.ParentExecutionKey, Math.Min(before, cut.Sequence));
        }

        return segments;
    }
}
