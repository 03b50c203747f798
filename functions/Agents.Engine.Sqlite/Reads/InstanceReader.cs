using Agents.Contracts.Instances;
using Agents.Engine.Sqlite.Database;
using Agents.Engine.Store;

namespace Agents.Engine.Sqlite.Reads;

/// <summary>Reads instance rows in the column order that all Instance statements share.</summary>
internal static class InstanceReader
{
    const int ExecutionColumn = 17;

    public static InstanceRecord? ByKey(Connection connection, long key) => One(connection.Get("InstanceByKey").Bind(key));

    public static InstanceRecord? ById(Connection connection, string id) => One(connection.Get("InstanceById").Bind(id));

    public static IReadOnlyList<InstanceRecord> All(Statement statement)
    {
        var found = new List<InstanceRecord>();
        using var rows = statement.Query();
        while (rows.Next())
        {
            found.Add(Instance(rows));
        }

        return found;
    }

    /// <summary>Columns key, execution_id, generation, parent, cut, seed from <paramref name="at"/> on.</summary>
    public static ExecutionRecord Execution(Statement.Rows rows, int at) => new()
    {
        Key = rows.Long(at),
        ExecutionId = rows.Text(at + 1),
        Generation = rows.Int(at + 2),
        Cut = rows.IsNull(at + 3) ? null : new ExecutionCut(rows.Long(at + 3), rows.Long(at + 4)),
        IdentitySeed = rows.Text(at + 5),
    };

    static InstanceRecord? One(Statement statement)
    {
        using var rows = statement.Query();
        return rows.Next() ? Instance(rows) : null;
    }

    static InstanceRecord Instance(Statement.Rows rows) => new()
    {
        Key = rows.Long(0),
        InstanceId = rows.Text(1),
        Name = rows.Text(2),
        Version = rows.TextOrNull(3),
        Status = (OrchestrationStatus)rows.Int(4),
        LineageKey = rows.Long(5),
        OwnerEpoch = rows.Long(6),
        Owner = rows.TextOrNull(7),
        NextSequence = rows.Long(8),
        LastCommitId = rows.Long(9),
        ClaimsWithoutProgress = rows.Int(10),
        Parked = rows.TextOrNull(11),
        CustomStatus = rows.TextOrNull(12),
        ParentInstanceId = rows.TextOrNull(13),
        RequestDigest = rows.Text(14),
        WakeAt = rows.TimeOrNull(15),
        CreatedAt = rows.Time(16),
        Execution = Execution(rows, ExecutionColumn),
    };
}
