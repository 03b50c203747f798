using Agents.Contracts.Effects;
using Agents.Engine.Postgres.Database;
using Agents.Engine.Store;
using Npgsql;

namespace Agents.Engine.Postgres.Reads;

/// <summary>What an owner reads.</summary>
internal sealed class OwnerReads(Database.Database database, TimeProvider clock) : IOwnerStore
{
    public Task<IReadOnlyList<InstanceRecord>> FindClaimableAsync(
        IReadOnlyCollection<string> liveNodes, DateTimeOffset now, int max, CancellationToken cancel) => ListAsync(
        "FindClaimable", call => call.Bind(liveNodes).Bind(now).Bind((long)max), InstanceReader.Instance, cancel);

    public Task<IReadOnlyList<string>> FindOverlookedAsync(
        string nodeId, DateTimeOffset now, int max, CancellationToken cancel) => ListAsync(
        "FindOverlooked", call => call.Bind(now).Bind(nodeId).Bind((long)max), row => row.Text(0), cancel);

    public async Task<DateTimeOffset?> NextWakeAsync(CancellationToken cancel) => (await ListAsync(
        "NextWake", call => call.Bind(clock.GetUtcNow()), row => row.TimeOrNull(0), cancel))[0];

    public Task<IReadOnlyList<InboxRow>> ReadInboxAsync(
        long instanceKey, DateTimeOffset now, int max, CancellationToken cancel) => ListAsync(
        "ReadInbox", call => call.Bind(instanceKey).Bind(now).Bind((long)max), Inbox, cancel);

    public Task<IReadOnlyList<HistoryRow>> ReadHistoryAsync(
        long executionKey, long fromSequence, long maxBytes, CancellationToken cancel) => database.SnapshotAsync(
        session => HistoryReader.ReadAsync(session, executionKey, fromSequence, maxBytes, cancel), cancel);

    public Task<IReadOnlyDictionary<string, PayloadRow>> ReadPayloadsAsync(
        long lineageKey, IReadOnlyCollection<string> hashes, CancellationToken cancel) =>
        database.ReadAsync<IReadOnlyDictionary<string, PayloadRow>>(
            async session => await PayloadReader.ReadAsync(session, lineageKey, hashes, cancel), cancel);

    public Task<IReadOnlyList<LedgerEntry>> ReadLedgerAsync(string instanceId, bool inDoubtOnly, CancellationToken cancel) =>
        ListAsync("ReadLedger", call => call.Bind(instanceId).Bind(!inDoubtOnly), Ledger, cancel);

    public Task<IReadOnlyList<StoredDelta>> ReadDeltasAsync(
        long instanceKey, int generation, long afterSequence, int afterRow, int max, CancellationToken cancel) => ListAsync(
        "ReadDeltas",
        call => call.Bind(instanceKey).Bind(generation).Bind(afterSequence).Bind(afterRow).Bind((long)max), Delta, cancel);

    Task<IReadOnlyList<T>> ListAsync<T>(
        string name, Func<Call, Call> bind, Func<NpgsqlDataReader, T> read, CancellationToken cancel) =>
        database.ReadAsync<IReadOnlyList<T>>(
            async session => await session.QueryAsync(bind(session.Call(name)), read, cancel), cancel);

    static InboxRow Inbox(NpgsqlDataReader row) => new(
        row.Long(0),
        new InboxMessage(
            (InboxKind)row.Int(1), row.Bytes(4), row.TextOrNull(2), row.TextOrNull(5), row.Long(3) == 0 ? null : row.Time(3)));

    static LedgerEntry Ledger(NpgsqlDataReader row) => new()
    {
        Key = row.Text(0),
        InstanceId = row.Text(1),
        ExecutionId = row.Text(2),
        TaskId = row.Int(3),
        Tool = row.Text(4),
        State = (LedgerState)row.Int(5),
        AttemptToken = row.Text(6),
        IntentAt = row.Time(7),
        SettledAt = row.TimeOrNull(8),
        Receipt = row.TextOrNull(9),
        Evidence = row.TextOrNull(10),
    };

    static StoredDelta Delta(NpgsqlDataReader row) => new(
        row.Long(0), row.Int(1), row.Int(2), row.Int(3), row.Text(4), row.Int(5), row.Int(6), row.TextOrNull(7),
        row.LongOrNull(8));
}
