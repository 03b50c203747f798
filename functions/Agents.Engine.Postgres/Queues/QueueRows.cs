using Agents.Contracts.Client;
using Agents.Engine.Postgres.Database;
using Agents.Engine.Queues;
using Agents.Engine.Store;
using Npgsql;

namespace Agents.Engine.Postgres.Queues;

/// <summary>
/// Queues of activities. A round is a transaction of its own, apart from the commits of instances: whoever waits for the
/// lock of a busy queue keeps no turn waiting. It locks nothing else but its queues, in the order of their names.
/// </summary>
internal sealed class QueueRows(Database.Database database) : IQueueStore
{
    public Task<QueueAnswer> PassAsync(QueueRound round, CancellationToken cancel) =>
        database.TransactAsync(session => PassAsync(session, round, cancel), cancel);

    public Task<IReadOnlyList<PlaceView>> ReadPlacesAsync(string node, CancellationToken cancel) =>
        database.ReadAsync<IReadOnlyList<PlaceView>>(
            async session => await session.QueryAsync(
                session.Call("ReadPlaces").Bind(node), row => new PlaceView(Place(row, 0), row.Text(4), row.GetBoolean(3)), cancel),
            cancel);

    public Task<IReadOnlyList<QueueView>> ReadQueuesAsync(CancellationToken cancel) =>
        database.ReadAsync<IReadOnlyList<QueueView>>(
            async session => await session.QueryAsync(
                session.Call("ReadQueues"),
                row => new QueueView(Limit(row), row.Int(5), row.Int(6), row.TimeOrNull(7)), cancel),
            cancel);

    public Task SetQueueAsync(QueueLimit limit, CancellationToken cancel) => database.TransactAsync(
        session => session.ExecuteAsync(
            limit.IsBound
                ? session.Call("SetQueue").Bind(limit.Queue).Bind(limit.Concurrency).Bind(limit.PerKey).Bind(limit.RateCount)
                    .Bind(limit.RatePer.Ticks)
                : session.Call("RemoveQueue").Bind(limit.Queue),
            cancel),
        cancel);

    static async Task<QueueAnswer> PassAsync(Session session, QueueRound round, CancellationToken cancel)
    {
        var names = round.Queues;
        var bound = (await session.QueryAsync(
            session.Call("ReadQueue").Bind(names),
            row => (Limit: Limit(row), Memory: QueueMemory.Read(row.Long(5), row.IsDBNull(6) ? null : row.Bytes(6))), cancel))
            .ToDictionary(q => q.Limit.Queue);
        await WriteAsync(session, "TakeBack", [.. round.GivenBack.Select(g => g.Place)], cancel);
        await session.ExecuteAsync(session.Call("DropOver").Bind(names), cancel);
        await TakeInAsync(session, [.. round.Asks.Where(a => bound.ContainsKey(a.Queue))], round.Now, cancel);
        var held = (await session.QueryAsync(
            session.Call("CountHeld").Bind(names),
            row => (Queue: row.Text(0), Held: new HeldPlaces(row.Text(1), row.Text(2), row.Int(3))), cancel)).ToLookup(h => h.Queue, h => h.Held);
        var waiting = (await session.QueryAsync(
            session.Call("FindWaiting").Bind(names).Bind((long)QueueRules.WaitingPerKeyMax).Bind((long)QueueRules.WaitingMax),
            row => (Queue: row.Text(0), Place: Waiting(row)), cancel)).ToLookup(w => w.Queue, w => w.Place);

        List<QueueGrant> decided = [];
        var nextAt = new Dictionary<string, DateTimeOffset>();
        foreach (var queue in names)
        {
            var (limit, memory) = bound.TryGetValue(queue, out var found) ? found : (null, QueueMemory.Empty);
            var decision = QueueRules.Decide(
                new QueueStanding(queue, limit, memory, [.. held[queue]], [.. waiting[queue]]), round.Now);
            decided.AddRange(decision.Granted);
            if (decision.NextAt is { } at)
            {
                nextAt[queue] = at;
            }

            if (limit is not null && decision.Granted.Count > 0)
            {
                var (paid, turns) = decision.Memory.Write();
                await session.ExecuteAsync(session.Call("RememberQueue").Bind(paid).Bind(turns).Bind(queue), cancel);
            }
        }

        await WriteAsync(session, "LetIn", [.. decided.Select(g => g.Place)], cancel);
        var unbound = round.Asks.Where(a => !bound.ContainsKey(a.Queue)).Select(a => new QueueGrant(a.Place, a.InstanceId));
        return new QueueAnswer([.. unbound, .. decided], nextAt);
    }

    static Task TakeInAsync(Session session, List<QueueAsk> asks, DateTimeOffset now, CancellationToken cancel) => asks.Count == 0
        ? Task.CompletedTask
        : session.ExecuteAsync(
            session.Call("TakeIn").Bind(now).Bind(asks.Select(a => a.Queue)).Bind(asks.Select(a => a.Place.InstanceKey))
                .Bind(asks.Select(a => a.Place.OwnerEpoch)).Bind(asks.Select(a => a.Place.TaskId)).Bind(asks.Select(a => a.Priority))
                .Bind(asks.Select(a => a.Key)).Bind(asks.Select(a => a.Tenant)).Bind(asks.Select(a => a.InstanceId))
                .Bind(asks.Select(a => a.Node)),
            cancel);

    static Task WriteAsync(Session session, string statement, List<PlaceKey> places, CancellationToken cancel) => places.Count == 0
        ? Task.CompletedTask
        : session.ExecuteAsync(
            session.Call(statement).Bind(places.Select(p => p.InstanceKey)).Bind(places.Select(p => p.OwnerEpoch))
                .Bind(places.Select(p => p.TaskId)),
            cancel);

    static QueueLimit Limit(NpgsqlDataReader row) => new(row.Text(0))
    {
        Concurrency = IntOrNull(row, 1), PerKey = IntOrNull(row, 2), RateCount = IntOrNull(row, 3),
        RatePer = TimeSpan.FromTicks(row.LongOrNull(4) ?? 0),
    };

    static WaitingPlace Waiting(NpgsqlDataReader row) => new(
        new QueueGrant(Place(row, 1), row.Text(4)), row.Text(5), row.Text(6), row.Int(7), row.Long(8));

    static PlaceKey Place(NpgsqlDataReader row, int first) => new(row.Long(first), row.Long(first + 1), row.Int(first + 2));

    static int? IntOrNull(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.Int(column);
}
