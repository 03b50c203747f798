using System.Globalization;
using Agents.Contracts.Client;
using Agents.Contracts.Instances;
using Agents.Engine.Sqlite.Database;
using Agents.Engine.Store;

namespace Agents.Engine.Sqlite.Reads;

/// <summary>Look-ups by people and clients, each seeing one moment.</summary>
internal sealed class QueryReads(ReadPool pool) : IQueryStore
{
    const int PageSizeMax = 1000;

    public Task<InstanceRecord?> FindAsync(string instanceId, CancellationToken cancel) =>
        pool.ReadAsync(connection => InstanceReader.ById(connection, instanceId), cancel);

    public Task<InstanceView?> GetAsync(string instanceId, CancellationToken cancel) => pool.SnapshotAsync(
        connection => connection.Get("KeyById").Bind(instanceId).Scalar() is { } key
            ? ViewReader.Read(connection, key, withPayloads: true)
            : null,
        cancel);

    public Task<InstancePage> QueryAsync(InstanceQuery query, CancellationToken cancel) =>
        pool.SnapshotAsync(connection => Query(connection, query), cancel);

    public Task<IReadOnlyList<ExecutionRecord>> ListExecutionsAsync(long instanceKey, CancellationToken cancel) =>
        pool.ReadAsync<IReadOnlyList<ExecutionRecord>>(
            connection =>
            {
                var executions = new List<ExecutionRecord>();
                using var rows = connection.Get("ListExecutions").Bind(instanceKey).Query();
                while (rows.Next())
                {
                    executions.Add(InstanceReader.Execution(rows, 0));
                }

                return executions;
            },
            cancel);

    public Task<IReadOnlyList<string>> ListChildrenAsync(string instanceId, CancellationToken cancel) =>
        pool.ReadAsync<IReadOnlyList<string>>(
            connection =>
            {
                var children = new List<string>();
                using var rows = connection.Get("ListChildren").Bind(instanceId).Query();
                while (rows.Next())
                {
                    children.Add(rows.Text(0));
                }

                return children;
            },
            cancel);

    public Task<IReadOnlyList<EndedInstance>> FindEndedAsync(
        OrchestrationStatus status, DateTimeOffset before, EndedInstance? after, int max, CancellationToken cancel) =>
        pool.ReadAsync<IReadOnlyList<EndedInstance>>(
            connection =>
            {
                var ended = new List<EndedInstance>();
                using var rows = connection.Get("FindEnded").Bind(before).Bind(after?.EndedAt.UtcTicks ?? 0L).Bind(after?.Key ?? 0L)
                    .Bind((int)status).Bind(max).Query();
                while (rows.Next())
                {
                    ended.Add(new EndedInstance(rows.Long(0), rows.Text(1), rows.Time(2)));
                }

                return ended;
            },
            cancel);

    static InstancePage Query(Connection connection, InstanceQuery query)
    {
        var size = Math.Clamp(query.PageSize, 1, PageSizeMax);
        var keys = Keys(connection, query, size + 1);
        var items = keys.Take(size)
            .Select(key => ViewReader.Read(connection, key, query.WithPayloads))
            .OfType<InstanceView>()
            .ToList();
        var token = keys.Count > size
            ? string.Create(CultureInfo.InvariantCulture, $"{items[^1].CreatedAt.UtcTicks}.{keys[size - 1]}")
            : null;
        return new InstancePage(items, token);
    }

    static List<long> Keys(Connection connection, InstanceQuery query, int max)
    {
        var statuses = query.Statuses.Aggregate(0L, (mask, status) => mask | (1L << (int)status));
        var after = Parse(query.ContinuationToken);
        var keys = new List<long>();
        using var rows = connection.Get("QueryInstances")
            .Bind(statuses).Bind(query.CreatedFrom).Bind(query.CreatedTo).Bind(query.Name).Bind(query.IdPrefix)
            .Bind(query.Tag?.Key).Bind(query.Tag?.Value).Bind(query.Parked)
            .Bind(after?.CreatedAt).Bind(after?.Key).Bind(max)
            .Query();
        while (rows.Next())
        {
            keys.Add(rows.Long(0));
        }

        return keys;
    }

    static (long CreatedAt, long Key)? Parse(string? token)
    {
        if (token is null)
        {
            return null;
        }

        var parts = token.Split('.');
        return parts.Length == 2
            && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var at)
            && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var key)
            ? (at, key)
            : throw new FormatException($"continuation token '{token}': not one of ours; start again without a token");
    }
}
