using Agents.Engine.Postgres.Database;
using Agents.Engine.Store;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Agents.Engine.Postgres.Writes;

/// <summary>
/// Writes a group in one transaction and one round trip. A write that the store cannot take is found (by its statement,
/// or by writing halves) and left out: the others commit. A group that collides is written again.
/// </summary>
internal sealed class GroupWriter(Database.Database database, PostgresOptions options, ILogger logger)
{
    const int CollisionsMax = 5;

    readonly LedgerWriter _ledger = new();
    readonly StartWriter _starts = new(options.DedupWindow);

    public long StaleLedgerWrites => _ledger.Stale;

    public void Write(Lane lane, List<PendingWrite> group)
    {
        foreach (var pending in group)
        {
            if (Limits.Flaw(pending.Write, options.RowBytesMax) is { } flaw)
            {
                pending.Outcome = new WriteOutcome.Refused(flaw);
            }
        }

        WriteRest(lane, [.. group.Where(pending => pending.Outcome is null)], collisions: 0);
    }

    void WriteRest(Lane lane, List<PendingWrite> group, int collisions)
    {
        while (group.Count > 0)
        {
            var pipeline = Build(group);
            try
            {
                lane.Send(pipeline);
                _ledger.Count(pipeline);
                return;
            }
            catch (PostgresException e) when (PostgresFault.IsData(e) && Offender(pipeline, e, group.Count) is { } offender)
            {
                group[offender].Outcome = new WriteOutcome.Refused(e.MessageText);
                group.RemoveAt(offender);
            }
            catch (PostgresException e) when (PostgresFault.IsData(e))
            {
                Halves(lane, group, collisions);
                return;
            }
            catch (PostgresException e) when (PostgresFault.IsCollision(e))
            {
                Log.Collided(logger, group.Count, e.SqlState);
                if (++collisions >= CollisionsMax && group.Count > 1)
                {
                    Halves(lane, group, 0);
                    return;
                }

                if (collisions >= CollisionsMax)
                {
                    throw PostgresFault.ToUnavailable(e, database.Where);
                }
            }
            catch (NpgsqlException e)
            {
                throw PostgresFault.AfterSending(e, database.Where);
            }
        }
    }

    void Halves(Lane lane, List<PendingWrite> group, int collisions)
    {
        var half = group.Count / 2;
        WriteRest(lane, group[..half], collisions);
        WriteRest(lane, group[half..], collisions);
    }

    static int? Offender(Pipeline pipeline, PostgresException e, int writes)
    {
        var step = pipeline.Steps.Find(step => ReferenceEquals(step.Call.Command, e.BatchCommand));
        return step is { Writes: [var only] } ? only : writes == 1 ? 0 : null;
    }

    Pipeline Build(List<PendingWrite> group)
    {
        var pipeline = new Pipeline(database.Sql);
        var commits = new CommitWriter(pipeline, _starts);
        for (var i = 0; i < group.Count; i++)
        {
            pipeline.Write = i;
            if (group[i].Write is InstanceCommit commit)
            {
                // Turns of other instances share the fence's statement; a second one of the same instance comes after it.
                commits.Add(commit, group[i]);
                continue;
            }

            commits.Flush();
            pipeline.Write = i;
            Add(pipeline, group[i]);
        }

        commits.Flush();
        return pipeline;
    }

    void Add(Pipeline pipeline, PendingWrite pending)
    {
        switch (pending.Write)
        {
            case InstanceStart start:
                _starts.Add(pipeline, start, null, outcome => pending.Outcome = outcome);
                break;
            case InboxSend send:
                InboxWriter.Send(pipeline, send, null, null, outcome => pending.Outcome = outcome);
                break;
            case InstanceClaim claim:
                ClaimWriter.Add(pipeline, claim, pending);
                break;
            case EvidenceWrite evidence:
                LedgerWriter.Add(pipeline, evidence, outcome => pending.Outcome = outcome);
                break;
            default:
                throw new NotSupportedException($"a write of kind {pending.Write.GetType().Name} is not known to this store");
        }
    }
}
