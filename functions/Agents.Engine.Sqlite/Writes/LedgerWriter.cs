using Agents.Contracts.Effects;
using Agents.Engine.Sqlite.Database;
using Agents.Engine.Store;

namespace Agents.Engine.Sqlite.Writes;

/// <summary>Writes ledger entries. A change under a stale attempt token is skipped and counted.</summary>
internal sealed class LedgerWriter(Connection connection)
{
    long _stale;

    public long Stale => Interlocked.Read(ref _stale);

    public void Write(long instance, LedgerWrite write)
    {
        var entry = write.Entry;
        if (write.ExpectedToken is null)
        {
            Settlement(connection.Get("AddLedger").Bind(entry.Key).Bind(instance).Bind(entry.ExecutionId).Bind(entry.TaskId)
                .Bind(entry.Tool).Bind((long)entry.State).Bind(entry.AttemptToken).Bind(entry.IntentAt), entry).Execute();
            return;
        }

        var changed = Settlement(connection.Get("ChangeLedger").Bind(entry.ExecutionId).Bind(entry.TaskId).Bind(entry.Tool)
            .Bind((long)entry.State).Bind(entry.AttemptToken).Bind(entry.IntentAt), entry)
            .Bind(entry.Key).Bind(write.ExpectedToken).Execute();
        if (changed == 0)
        {
            Interlocked.Increment(ref _stale);
        }
    }

    public WriteOutcome Write(EvidenceWrite evidence)
    {
        var entry = evidence.Entry;
        var changed = Settlement(connection.Get("KeepEvidence").Bind((long)entry.State), entry)
            .Bind(entry.Key).Bind(entry.AttemptToken).Execute();
        return new WriteOutcome.EvidenceKept(changed == 1);
    }

    static Statement Settlement(Statement statement, LedgerEntry entry) =>
        statement.Bind(entry.SettledAt).Bind(entry.Receipt).Bind(entry.Evidence);
}
