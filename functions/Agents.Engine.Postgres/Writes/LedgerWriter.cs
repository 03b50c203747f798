using Agents.Contracts.Effects;
using Agents.Engine.Postgres.Database;
using Agents.Engine.Store;

namespace Agents.Engine.Postgres.Writes;

/// <summary>Writes ledger entries. A change under a stale attempt token is skipped and counted.</summary>
internal sealed class LedgerWriter
{
    long _stale;

    public long Stale => Interlocked.Read(ref _stale);

    public static void Add(Pipeline pipeline, Guard guard, LedgerWrite write)
    {
        var entry = write.Entry;
        if (write.ExpectedToken is null)
        {
            var call = pipeline.Call("AddLedger").Bind(entry.Key).Bind(guard.Instance);
            pipeline.Add(Settlement(Intent(call, entry), entry).Bind(guard.Slot));
            return;
        }

        var change = Settlement(Intent(pipeline.Call("ChangeLedger").Bind(guard), entry), entry)
            .Bind(entry.Key).Bind(write.ExpectedToken);
        pipeline.Add(change, row => pipeline.Skipped += row.GetBoolean(0) ? 1 : 0);
    }

    /// <summary>The group is in: what it skipped counts.</summary>
    public void Count(Pipeline pipeline) => Interlocked.Add(ref _stale, pipeline.Skipped);

    public static void Add(Pipeline pipeline, EvidenceWrite evidence, Action<WriteOutcome> tell)
    {
        var entry = evidence.Entry;
        pipeline.Add(
            Settlement(pipeline.Call("KeepEvidence").Bind((int)entry.State), entry).Bind(entry.Key).Bind(entry.AttemptToken),
            row => tell(new WriteOutcome.EvidenceKept(row.GetBoolean(0))));
    }

    static Call Intent(Call call, LedgerEntry entry) => call.Bind(entry.ExecutionId).Bind(entry.TaskId).Bind(entry.Tool)
        .Bind((int)entry.State).Bind(entry.AttemptToken).Bind(entry.IntentAt);

    static Call Settlement(Call call, LedgerEntry entry) =>
        call.Bind(entry.SettledAt).Bind(entry.Receipt).Bind(entry.Evidence);
}
