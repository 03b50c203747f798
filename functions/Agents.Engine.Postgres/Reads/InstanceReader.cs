using Agents.Contracts.Instances;
using Agents.Engine.Postgres.Database;
using Agents.Engine.Store;
using Npgsql;

namespace Agents.Engine.Postgres.Reads;

/// <summary>Reads instance rows in the column order that all Instance statements share.</summary>
internal static class InstanceReader
{
    const int ExecutionColumn = 17;

    public static InstanceRecord Instance(NpgsqlDataReader row) => new()
    {
        Key = row.Long(0),
        InstanceId = row.Text(1),
        Name = row.Text(2),
        Version = row.TextOrNull(3),
        Status = (OrchestrationStatus)row.Int(4),
        LineageKey = row.Long(5),
        OwnerEpoch = row.Long(6),
        Owner = row.TextOrNull(7),
        NextSequence = row.Long(8),
        LastCommitId = row.Long(9),
        ClaimsWithoutProgress = row.Int(10),
        Parked = row.TextOrNull(11),
        CustomStatus = row.TextOrNull(12),
        ParentInstanceId = row.TextOrNull(13),
        RequestDigest = row.Text(14),
        WakeAt = row.TimeOrNull(15),
        CreatedAt = row.Time(16),
        Execution = Execution(row, ExecutionColumn),
    };

    public static ExecutionRecord Execution(NpgsqlDataReader row) => Execution(row, 0);

    /// <summary>Columns key, execution_id, generation, parent, cut, seed from <paramref name="at"/> on.</summary>
    static ExecutionRecord Execution(NpgsqlDataReader row, int at) => new()
    {
        Key = row.Long(at),
        ExecutionId = row.Text(at + 1),
        Generation = row.Int(at + 2),
        Cut = row.IsDBNull(at + 3) ? null : new ExecutionCut(row.Long(at + 3), row.Long(at + 4)),
        IdentitySeed = row.Text(at + 5),
    };
}
