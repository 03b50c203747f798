using System.Text.Json;
using Agents.Contracts.Effects;
using Agents.Engine.Sqlite.Database;
using Agents.Engine.Store;

namespace Agents.Engine.Sqlite.Reads;

/// <summary>What an owner reads.</summary>
internal sealed class OwnerReads(ReadPool pool, TimeProvider clock) : IOwnerStore
{
    public Task<IReadOnlyList<InstanceRecord>> FindClaimableAsync(
        IReadOnlyCollection<string> liveNodes, DateTimeOffset now, int max, CancellationToken cancel) => pool.ReadAsync(
        connection => InstanceReader.All(connection.Get("FindClaimable").Bind(Json(liveNodes)).Bind(now).Bind(max)), cancel);

    static string Json(IEnumerable<string> texts) =>
        $"[{string.Join(',', texts.Select(text => $"\"{JsonEncodedText.Encode(text)}\""))}]";

    public Task<IReadOnlyList<string>> FindOverlookedAsync(
        string nodeId, DateTimeOffset now, int max, CancellationToken cancel) =>
        pool.ReadAsync<IReadOnlyList<string>>(
            connection =>
            {
                var found = new List<string>();
                using var rows = connection.Get("FindOverlooked").Bind(now).Bind(nodeId).Bind(max).Query();
                while (rows.Next())
                {
                    found.Add(rows.Text(0));
                }

                return found;
            },
            cancel);

    public Task<DateTimeOffset?> NextWakeAsync(CancellationToken cancel) => pool.ReadAsync(
        connection =>
        {
            var at = connection.Get("NextWake").Bind(clock.GetUtcNow()).Scalar();
            return at is { } ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : (DateTimeOffset?)null;
        },
        cancel);

    public Task<IReadOnlyList<InboxRow>> ReadInboxAsync(
        long instanceKey, DateTimeOffset now, int max, CancellationToken cancel) => pool.ReadAsync(
        connection => Inbox(connection.Get("ReadInbox").Bind(instanceKey).Bind(now).Bind(max)), cancel);

    public Task<IReadOnlyList<HistoryRow>> ReadHistoryAsync(
        long executionKey, long fromSequence, long maxBytes, CancellationToken cancel) => pool.SnapshotAsync(
        connection => HistoryReader.Read(connection, executionKey, fromSequence, maxBytes), cancel);

    public Task<IReadOnlyDictionary<string, PayloadRow>> ReadPayloadsAsync(
        long lineageKey, IReadOnlyCollection<string> hashes, CancellationToken cancel) =>
        pool.ReadAsync<IReadOnlyDictionary<string, PayloadRow>>(
            connection => PayloadReader.Read(connection, lineageKey, hashes), cancel);

    public Task<IReadOnlyList<LedgerEntry>> ReadLedgerAsync(string instanceId, bool inDoubtOnly, CancellationToken cancel) =>
        pool.ReadAsync(connection => Ledger(connection.Get("ReadLedger").Bind(instanceId).Bind(inDoubtOnly ? 0 : 1)), cancel);

    public Task<IReadOnlyList<StoredDelta>> ReadDeltasAsync(
        long instanceKey, int generation, long afterSequence, int afterRow, int max, CancellationToken cancel) =>
        pool.ReadAsync(
            connection => Deltas(connection.Get("ReadDeltas")
                .Bind(instanceKey).Bind(generation).Bind(afterSequence).Bind(afterRow).Bind(max)),
            cancel);

    static IReadOnlyList<InboxRow> Inbox(Statement statement)
    {
        var inbox = new List<InboxRow>();
        using var rows = statement.Query();
        while (rows.Next())
        {
            var visibleAt = rows.Long(3) == 0 ? (DateTimeOffset?)null : rows.Time(3);
            inbox.Add(new InboxRow(
                rows.Long(0),
                new InboxMessage((InboxKind)rows.Int(1), rows.Bytes(4), rows.TextOrNull(2), rows.TextOrNull(5), visibleAt)));
        }

        return inbox;
    }

    static IReadOnlyList<LedgerEntry> Ledger(Statement statement)
    {
        var entries = new List<LedgerEntry>();
        using var rows = statement.Query();
        while (rows.Next())
        {
            entries.Add(new LedgerEntry
            {
                Key = rows.Text(0),
                InstanceId = rows.Text(1),
                ExecutionId = rows.Text(2),
                TaskId = rows.Int(3),
                Tool = rows.Text(4),
                State = (LedgerState)rows.Int(5),
                AttemptToken = rows.Text(6),
                IntentAt = rows.Time(7),
                SettledAt = rows.TimeOrNull(8),
                Receipt = rows.TextOrNull(9),
                Evidence = rows.TextOrNull(10),
            });
        }

        return entries;
    }

    static IReadOnlyList<StoredDelta> Deltas(Statement statement)
    {
        var deltas = new List<StoredDelta>();
        using var rows = statement.Query();
        while (rows.Next())
        {
            deltas.Add(new StoredDelta(
                rows.Long(0), rows.Int(1), rows.Int(2), rows.Int(3), rows.Text(4), rows.Int(5), rows.Int(6),
                rows.TextOrNull(7), rows.LongOrNull(8)));
        }

        return deltas;
    }
}
