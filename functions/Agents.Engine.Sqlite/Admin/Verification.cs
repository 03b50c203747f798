using Agents.Engine.History;
using Agents.Engine.Sqlite.Database;
using Agents.Engine.Store;

namespace Agents.Engine.Sqlite.Admin;

/// <summary>
/// Scans what must always hold: histories without gaps that decode to as many events as they say and end where the
/// instance says, no row without an owner, every payload reference with bytes of its hash. One line each breach.
/// </summary>
internal sealed class Verification(Connection connection)
{
    readonly List<string> _breaches = [];

    public IReadOnlyList<string> Run(CancellationToken cancel)
    {
        if (!FileIsWhole())
        {
            return _breaches; // what follows reads through the same pages
        }

        foreach (var execution in Executions())
        {
            cancel.ThrowIfCancellationRequested();
            Check(execution);
        }

        CheckInboxBodies();
        CheckPayloads();
        using var orphans = connection.Get("VerifyOrphans").Query();
        while (orphans.Next())
        {
            _breaches.Add($"{orphans.Text(0)}: {orphans.Long(1)}");
        }

        return _breaches;
    }

    /// <summary>SQLite's own check of every page, index included: a damaged one may be met only hours later.</summary>
    bool FileIsWhole()
    {
        using var rows = connection.Get("VerifyFile").Query();
        while (rows.Next())
        {
            if (rows.Text(0) is not "ok" and var breach)
            {
                _breaches.Add($"AG1103: the database file is damaged: {breach.Replace("\n", "; ", StringComparison.Ordinal)}");
            }
        }

        return _breaches.Count == 0;
    }

    sealed record Execution(long Key, long Begins, long Lineage, string Name, long? Next);

    List<Execution> Executions()
    {
        var executions = new List<Execution>();
        using var rows = connection.Get("VerifyExecutions").Query();
        while (rows.Next())
        {
            executions.Add(new Execution(
                rows.Long(0), rows.LongOrNull(1) ?? 0, rows.Long(2), $"{rows.Text(3)}/{rows.Text(4)}", rows.LongOrNull(5)));
        }

        return executions;
    }

    void Check(Execution execution)
    {
        var expected = execution.Begins;
        using (var rows = connection.Get("VerifyRows").Bind(execution.Key).Query())
        {
            while (rows.Next())
            {
                var (first, count) = (rows.Long(0), rows.Int(1));
                if (first != expected)
                {
                    _breaches.Add($"{execution.Name}: history has a gap, row at {first} where {expected} belongs");
                }

                CheckRow(execution, first, count, rows.Bytes(2));
                expected = first + count;
            }
        }

        if (execution.Next is { } next && next != expected)
        {
            _breaches.Add($"{execution.Name}: history ends at {expected}, the instance says {next}");
        }
    }

    void CheckRow(Execution execution, long first, int count, byte[] bytes)
    {
        try
        {
            var missing = new List<string>();
            var events = HistoryCodec.Decode(bytes, null, missing);
            if (events.Count != count)
            {
                _breaches.Add($"{execution.Name}: the row at {first} says {count} events and holds {events.Count}");
            }

            Resolve(execution.Lineage, missing, $"{execution.Name} at {first}");
        }
        catch (InvalidDataException e)
        {
            _breaches.Add($"{execution.Name} at {first}: {e.Message}");
        }
    }

    void CheckInboxBodies()
    {
        using var rows = connection.Get("VerifyInboxBodies").Query();
        while (rows.Next())
        {
            try
            {
                var missing = new List<string>();
                HistoryCodec.DecodeOne(rows.Bytes(3), null, missing);
                Resolve(rows.Long(2), missing, $"inbox row {rows.Long(0)}");
            }
            catch (InvalidDataException e)
            {
                _breaches.Add($"inbox row {rows.Long(0)}: {e.Message}");
            }
        }
    }

    void Resolve(long lineage, List<string> hashes, string where)
    {
        foreach (var hash in hashes)
        {
            var bytes = Convert.FromHexString(hash);
            if (connection.Get("VerifyPayload").Bind(lineage).Bind(bytes.AsSpan()).Scalar() is null)
            {
                _breaches.Add($"{where}: payload {hash} is missing");
            }
        }
    }

    void CheckPayloads()
    {
        using var rows = connection.Get("VerifyPayloads").Query();
        while (rows.Next())
        {
            var payload = new PayloadRow(rows.Bytes(1), rows.Bytes(3), rows.Int(2));
            try
            {
                HistoryCodec.ReadPayload(payload);
            }
            catch (InvalidDataException e)
            {
                _breaches.Add($"lineage {rows.Long(0)}: {e.Message}");
            }
        }
    }
}
