using Agents.Engine.History;
using Agents.Engine.Postgres.Database;
using Agents.Engine.Postgres.Reads;
using Agents.Engine.Store;

namespace Agents.Engine.Postgres.Admin;

/// <summary>
/// Scans what must always hold: histories without gaps that decode to as many events as they say and end where the
/// instance says, no row without an owner, every payload reference with bytes of its hash. One line each breach.
/// </summary>
internal sealed class Verification(Session session)
{
    readonly List<string> _breaches = [];

    sealed record Execution(long Key, long Begins, long Lineage, string Name, long? Next);

    public async Task<IReadOnlyList<string>> RunAsync(CancellationToken cancel)
    {
        var executions = await session.QueryAsync(
            session.Call("VerifyExecutions"),
            row => new Execution(
                row.Long(0), row.LongOrNull(1) ?? 0, row.Long(2), $"{row.Text(3)}/{row.Text(4)}", row.LongOrNull(5)),
            cancel);
        foreach (var execution in executions)
        {
            await CheckAsync(execution, cancel);
        }

        await CheckInboxBodiesAsync(cancel);
        await CheckPayloadsAsync(cancel);
        _breaches.AddRange(await session.QueryAsync(
            session.Call("VerifyOrphans"), row => $"{row.GetString(0)}: {row.Long(1)}", cancel));
        return _breaches;
    }

    async Task CheckAsync(Execution execution, CancellationToken cancel)
    {
        var expected = execution.Begins;
        var wanted = new List<(string Hash, string Where)>();
        await session.QueryWhileAsync(
            session.Call("VerifyRows").Bind(execution.Key),
            row =>
            {
                var (first, count) = (row.Long(0), row.Int(1));
                if (first != expected)
                {
                    _breaches.Add($"{execution.Name}: history has a gap, row at {first} where {expected} belongs");
                }

                CheckRow(execution, first, count, row.Bytes(2), wanted);
                expected = first + count;
                return true;
            },
            cancel);
        if (execution.Next is { } next && next != expected)
        {
            _breaches.Add($"{execution.Name}: history ends at {expected}, the instance says {next}");
        }

        await ResolveAsync(execution.Lineage, wanted, cancel);
    }

    void CheckRow(Execution execution, long first, int count, byte[] bytes, List<(string Hash, string Where)> wanted)
    {
        try
        {
            var missing = new List<string>();
            var events = HistoryCodec.Decode(bytes, null, missing);
            if (events.Count != count)
            {
                _breaches.Add($"{execution.Name}: the row at {first} says {count} events and holds {events.Count}");
            }

            wanted.AddRange(missing.Select(hash => (hash, $"{execution.Name} at {first}")));
        }
        catch (InvalidDataException e)
        {
            _breaches.Add($"{execution.Name} at {first}: {e.Message}");
        }
    }

    async Task CheckInboxBodiesAsync(CancellationToken cancel)
    {
        var wanted = new List<(long Lineage, string Hash, string Where)>();
        await session.QueryWhileAsync(
            session.Call("VerifyInboxBodies"),
            row =>
            {
                try
                {
                    var missing = new List<string>();
                    HistoryCodec.DecodeOne(row.Bytes(3), null, missing);
                    wanted.AddRange(missing.Select(hash => (row.Long(2), hash, $"inbox row {row.Long(0)}")));
                }
                catch (InvalidDataException e)
                {
                    _breaches.Add($"inbox row {row.Long(0)}: {e.Message}");
                }

                return true;
            },
            cancel);
        foreach (var lineage in wanted.GroupBy(one => one.Lineage))
        {
            await ResolveAsync(lineage.Key, [.. lineage.Select(one => (one.Hash, one.Where))], cancel);
        }
    }

    async Task ResolveAsync(long lineage, List<(string Hash, string Where)> wanted, CancellationToken cancel)
    {
        var found = await PayloadReader.ReadAsync(session, lineage, wanted.Select(one => one.Hash).Distinct(), cancel);
        _breaches.AddRange(wanted.Where(one => !found.ContainsKey(one.Hash))
            .Select(one => $"{one.Where}: payload {one.Hash} is missing"));
    }

    Task CheckPayloadsAsync(CancellationToken cancel) => session.QueryWhileAsync(
        session.Call("VerifyPayloads"),
        row =>
        {
            try
            {
                HistoryCodec.ReadPayload(new PayloadRow(row.Bytes(1), row.Bytes(3), row.Int(2)));
            }
            catch (InvalidDataException e)
            {
                _breaches.Add($"lineage {row.Long(0)}: {e.Message}");
            }

            return true;
        },
        cancel);
}
