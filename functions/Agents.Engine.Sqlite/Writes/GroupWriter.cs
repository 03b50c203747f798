using Agents.Engine.Sqlite.Database;
using Agents.Engine.Store;

namespace Agents.Engine.Sqlite.Writes;

/// <summary>
/// Writes the batches of several callers in one transaction. A write that the store cannot take rolls the transaction
/// back and is left out of the next try: the others commit.
/// </summary>
internal sealed class GroupWriter
{
    readonly Connection _connection;
    readonly CommitWriter _commits;
    readonly StartWriter _starts;
    readonly InboxWriter _inbox;
    readonly ClaimWriter _claims;
    readonly LedgerWriter _ledger;

    public GroupWriter(Connection connection, SqliteOptions options)
    {
        _connection = connection;
        _inbox = new InboxWriter(connection);
        _ledger = new LedgerWriter(connection);
        _starts = new StartWriter(connection, _inbox, options.DedupWindow);
        _commits = new CommitWriter(connection, _inbox, _starts, _ledger);
        _claims = new ClaimWriter(connection);
    }

    public InboxWriter Inbox => _inbox;

    public long StaleLedgerWrites => _ledger.Stale;

    public void Write(List<WriteWork> group)
    {
        try
        {
            while (!TryWrite(group))
            {
                // One offender fewer each time.
            }
        }
        catch (SqliteFault e)
        {
            throw e.ToUnavailable();
        }
    }

    bool TryWrite(List<WriteWork> group)
    {
        (WriteWork? Work, int Index) current = default;
        try
        {
            return Transaction.Run(_connection, () =>
            {
                foreach (var work in group)
                {
                    for (var i = 0; i < work.Batch.Count; i++)
                    {
                        current = (work, i);
                        if (work.Outcomes[i] is not WriteOutcome.Refused)
                        {
                            work.Outcomes[i] = Apply(work.Batch[i]);
                        }
                    }
                }

                return true;
            });
        }
        catch (Exception e) when (e is SqliteFault { IsData: true } or RefusedWriteException)
        {
            var (offender, index) = current;
            offender!.Outcomes[index] = new WriteOutcome.Refused(e.Message);
            return false;
        }
    }

    WriteOutcome Apply(StoreWrite write) => write switch
    {
        InstanceCommit commit => _commits.Write(commit),
        InstanceStart start => _starts.Write(start),
        InboxSend send => _inbox.Write(send),
        InstanceClaim claim => _claims.Write(claim),
        EvidenceWrite evidence => _ledger.Write(evidence),
        _ => throw new RefusedWriteException($"a write of kind {write.GetType().Name} is not known to this store"),
    };
}
