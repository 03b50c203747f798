using System.Globalization;
using Agents.Contracts.Client;
using Agents.Contracts.Instances;
using Agents.Engine.Postgres.Database;
using Agents.Engine.Store;

namespace Agents.Engine.Postgres.Reads;

/// <summary>Look-ups by people and clients, each seeing one moment.</summary>
internal sealed class QueryReads(Database.Database database) : IQueryStore
{
    const int PageSizeMax = 1000;

    public Task<InstanceRecord?> FindAsync(string instanceId, CancellationToken cancel) => database.ReadAsync(
        async session => (await session.QueryAsync(
            session.Call("InstanceById").Bind(instanceId), InstanceReader.Instance, cancel)).SingleOrDefault(),
        cancel);

    public Task<InstanceView?> GetAsync(string instanceId, CancellationToken cancel) => database.SnapshotAsync(
        async session =>
        {
            var keys = await session.QueryAsync(session.Call("KeyById").Bind(instanceId), row => row.Long(0), cancel);
            return (await ViewReader.ReadAsync(session, keys, withPayloads: true, cancel)).Values.SingleOrDefault();
        },
        cancel);

    public Task<InstancePage> QueryAsync(InstanceQuery query, CancellationToken cancel) =>
        database.SnapshotAsync(session => QueryAsync(session, query, cancel), cancel);

    public Task<IReadOnlyList<ExecutionRecord>> ListExecutionsAsync(long instanceKey, CancellationToken cancel) =>
        database.ReadAsync<IReadOnlyList<ExecutionRecord>>(
            async session => await session.QueryAsync(
                session.Call("ListExecutions").Bind(instanceKey), InstanceReader.Execution, cancel),
            cancel);

    public Task<IReadOnlyList<string>> ListChildrenAsync(string instanceId, CancellationToken cancel) =>
        database.ReadAsync<IReadOnlyList<string>>(
            async session => await session.QueryAsync(session.Call("ListChildren").Bind(instanceId), row => row.Text(0), cancel),
            cancel);

    public Task<IReadOnlyList<EndedInstance>> FindEndedAsync(
        OrchestrationStatus status, DateTimeOffset before, EndedInstance? after, int max, CancellationToken cancel) =>
        database.ReadAsync<IReadOnlyList<EndedInstance>>(
            async session => await session.QueryAsync(
                session.Call("FindEnded").Bind(before).Bind(after?.EndedAt.UtcTicks ?? 0L).Bind(after?.Key ?? 0L)
                    .Bind((int)status).Bind((long)max),
                row => new EndedInstance(row.Long(0), row.Text(1), row.Time(2)),
                cancel),
            cancel);

    static async Task<InstancePage> QueryAsync(Session session, InstanceQuery query, CancellationToken cancel)
    {
        var size = Math.Clamp(query.PageSize, 1, PageSizeMax);
        var found = await KeysAsync(session, query, size + 1, cancel);
        var page = found.Take(size).ToList();
        var views = await ViewReader.ReadAsync(session, [.. page.Select(row => row.Key)], query.WithPayloads, cancel);
        var token = found.Count > size
            ? string.Create(CultureInfo.InvariantCulture, $"{page[^1].CreatedAt}.{page[^1].Key}")
            : null;
        return new InstancePage([.. page.Select(row => views[row.Key])], token);
    }

    static Task<List<(long Key, long CreatedAt)>> KeysAsync(
        Session session, InstanceQuery query, int max, CancellationToken cancel)
    {
        var statuses = query.Statuses.Aggregate(0L, (mask, status) => mask | (1L << (int)status));
        var after = Parse(query.ContinuationToken);
        return session.QueryAsync(
            session.Call("QueryInstances")
                .Bind(statuses).Bind(query.CreatedFrom).Bind(query.CreatedTo).Bind(query.Name).Bind(query.IdPrefix)
                .Bind(query.Tag?.Key).Bind(query.Tag?.Value).Bind(query.Parked)
                .Bind(after?.CreatedAt).Bind(after?.Key).Bind((long)max),
            row => (row.Long(0), row.Long(1)),
            cancel);
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
