using Agents.Contracts.Client;
using Agents.Engine.Queues;
using Agents.Engine.Sqlite.Database;
using Agents.Engine.Sqlite.Reads;
using Agents.Engine.Sqlite.Writes;
using Agents.Engine.Store;

namespace Agents.Engine.Sqlite.Queues;

/// <summary>Queues of activities; each round is a transaction of its own on the writer thread.</summary>
internal sealed class QueueRows(Writer writer, ReadPool pool) : IQueueStore
{
    public Task<QueueAnswer> PassAsync(QueueRound round, CancellationToken cancel) =>
        writer.RunAsync((connection, _) => Pass(connection, round), cancel);

    public Task<IReadOnlyList<PlaceView>> ReadPlacesAsync(string node, CancellationToken cancel) =>
        pool.ReadAsync<IReadOnlyList<PlaceView>>(
            connection =>
            {
                var places = new List<PlaceView>();
                using var rows = connection.Get("ReadPlaces").Bind(node).Query();
                while (rows.Next())
                {
                    places.Add(new PlaceView(Place(rows), rows.Text(4), rows.Int(3) == 1));
                }

                return places;
            },
            cancel);

    public Task<IReadOnlyList<QueueView>> ReadQueuesAsync(CancellationToken cancel) => pool.ReadAsync<IReadOnlyList<QueueView>>(
        connection =>
        {
            var queues = new List<QueueView>();
            using var rows = connection.Get("ReadQueues").Query();
            while (rows.Next())
            {
                queues.Add(new QueueView(Limit(rows.Text(0), rows, 1), rows.Int(5), rows.Int(6), rows.TimeOrNull(7)));
            }

            return queues;
        },
        cancel);

    public Task SetQueueAsync(QueueLimit limit, CancellationToken cancel) => writer.RunAsync(
        (connection, _) => limit.IsBound
            ? connection.Get("SetQueue").Bind(limit.Queue).Bind(limit.Concurrency).Bind(limit.PerKey).Bind(limit.RateCount)
                .Bind(limit.RatePer.Ticks).Execute()
            : connection.Get("RemoveQueue").Bind(limit.Queue).Execute(),
        cancel);

    static QueueAnswer Pass(Connection connection, QueueRound round)
    {
        var (granted, nextAt) = (new List<QueueGrant>(), new Dictionary<string, DateTimeOffset>());
        foreach (var queue in round.Queues)
        {
            var (limit, memory) = Read(connection, queue);
            foreach (var (place, _) in round.GivenBack.Where(g => g.Queue == queue))
            {
                connection.Get("TakeBack").Bind(place.InstanceKey).Bind(place.OwnerEpoch).Bind(place.TaskId).Execute();
            }

            connection.Get("DropOver").Bind(queue).Execute();
            foreach (var ask in round.Asks.Where(a => a.Queue == queue))
            {
                if (limit is null)
                {
                    granted.Add(new QueueGrant(ask.Place, ask.InstanceId));
                    continue;
                }

                TakeIn(connection, ask, round.Now);
            }

            var standing = new QueueStanding(queue, limit, memory, Held(connection, queue), Waiting(connection, queue));
            var decision = QueueRules.Decide(standing, round.Now);
            Write(connection, standing, decision);
            granted.AddRange(decision.Granted);
            if (decision.NextAt is { } at)
            {
                nextAt[queue] = at;
            }
        }

        return new QueueAnswer(granted, nextAt);
    }

    static (QueueLimit? Limit, QueueMemory Memory) Read(Connection connection, string queue)
    {
        using var rows = connection.Get("ReadQueue").Bind(queue).Query();
        return rows.Next()
            ? (Limit(queue, rows, 0), QueueMemory.Read(rows.Long(4), rows.IsNull(5) ? null : rows.Bytes(5)))
            : (null, QueueMemory.Empty);
    }

    static void TakeIn(Connection connection, QueueAsk ask, DateTimeOffset now) => connection.Get("TakeIn")
        .Bind(ask.Queue).Bind(ask.Place.InstanceKey).Bind(ask.Place.OwnerEpoch).Bind(ask.Place.TaskId).Bind(ask.Priority).Bind(now)
        .Bind(ask.Key).Bind(ask.Tenant).Bind(ask.InstanceId).Bind(ask.Node).Execute();

    static List<HeldPlaces> Held(Connection connection, string queue)
    {
        var held = new List<HeldPlaces>();
        using var rows = connection.Get("CountHeld").Bind(queue).Query();
        while (rows.Next())
        {
            held.Add(new HeldPlaces(rows.Text(0), rows.Text(1), rows.Int(2)));
        }

        return held;
    }

    static List<WaitingPlace> Waiting(Connection connection, string queue)
    {
        var waiting = new List<WaitingPlace>();
        using var rows = connection.Get("FindWaiting").Bind(queue).Bind(QueueRules.WaitingPerKeyMax).Bind(QueueRules.WaitingMax).Query();
        while (rows.Next())
        {
            waiting.Add(new WaitingPlace(
                new QueueGrant(Place(rows), rows.Text(3)), rows.Text(4), rows.Text(5), rows.Int(6), rows.Long(7)));
        }

        return waiting;
    }

    static void Write(Connection connection, QueueStanding standing, QueueDecision decision)
    {
        foreach (var grant in decision.Granted)
        {
            connection.Get("LetIn").Bind(grant.Place.InstanceKey).Bind(grant.Place.OwnerEpoch).Bind(grant.Place.TaskId).Execute();
        }

        if (standing.Limit is not null && decision.Granted.Count > 0)
        {
            var (paid, turns) = decision.Memory.Write();
            connection.Get("RememberQueue").Bind(paid).Bind(turns).Bind(standing.Queue).Execute();
        }
    }

    static QueueLimit Limit(string queue, Statement.Rows rows, int first) => new(queue)
    {
        Concurrency = (int?)rows.LongOrNull(first),
        PerKey = (int?)rows.LongOrNull(first + 1),
        RateCount = (int?)rows.LongOrNull(first + 2),
        RatePer = TimeSpan.FromTicks(rows.LongOrNull(first + 3) ?? 0),
    };

    static PlaceKey Place(Statement.Rows rows) => new(rows.Long(0), rows.Long(1), rows.Int(2));
}
