using Agents.Contracts.Client;
using Agents.Engine.Queues;
using Agents.Engine.Store;

namespace Agents.TestKit.Store;

internal sealed class SimulatedQueues(SimulatedStore store) : IQueueStore
{
    public async Task<QueueAnswer> PassAsync(QueueRound round, CancellationToken cancel)
    {
        await store.Options.Yield();
        var (granted, nextAt) = (new List<QueueGrant>(), new Dictionary<string, DateTimeOffset>());
        foreach (var queue in round.Queues)
        {
            var state = store.State;
            var back = round.GivenBack.Where(g => g.Queue == queue).Select(g => g.Place).ToHashSet();
            state = state with
            {
                Places = state.Places.RemoveAll(p => back.Contains(p.Ask.Place) || (p.Ask.Queue == queue && IsOver(state, p.Ask.Place))),
            };
            var found = state.Queues.GetValueOrDefault(queue);
            foreach (var ask in round.Asks.Where(a => a.Queue == queue))
            {
                if (found is null)
                {
                    granted.Add(new QueueGrant(ask.Place, ask.InstanceId));
                }
                else if (!state.Places.Any(p => p.Ask.Place == ask.Place))
                {
                    var order = state.LastPlace + 1;
                    state = state with { LastPlace = order, Places = state.Places.Add(new SimulatedPlace(order, ask, round.Now, false)) };
                }
            }

            var decision = QueueRules.Decide(Standing(state, queue, found), round.Now);
            store.Apply(After(state, queue, found, decision), synced: true);
            granted.AddRange(decision.Granted);
            if (decision.NextAt is { } at)
            {
                nextAt[queue] = at;
            }
        }

        await store.Options.Yield();
        return new QueueAnswer(granted, nextAt);
    }

    public async Task<IReadOnlyList<PlaceView>> ReadPlacesAsync(string node, CancellationToken cancel)
    {
        await store.Options.Yield();
        return [.. store.State.Places.Where(p => p.Ask.Node == node).Select(p => new PlaceView(p.Ask.Place, p.Ask.Queue, p.Held))];
    }

    public async Task<IReadOnlyList<QueueView>> ReadQueuesAsync(CancellationToken cancel)
    {
        await store.Options.Yield();
        return [.. store.State.Queues.Values.Select(q =>
        {
            var places = store.State.Places.FindAll(p => p.Ask.Queue == q.Limit.Queue);
            var waiting = places.FindAll(p => !p.Held);
            return new QueueView(q.Limit, places.Count - waiting.Count, waiting.Count, waiting.IsEmpty ? null : waiting.Min(p => p.AskedAt));
        })];
    }

    public async Task SetQueueAsync(QueueLimit limit, CancellationToken cancel)
    {
        await store.Options.Yield();
        var queues = store.State.Queues;
        var memory = queues.GetValueOrDefault(limit.Queue)?.Memory ?? QueueMemory.Empty;
        store.Apply(
            store.State with
            {
                Queues = limit.IsBound ? queues.SetItem(limit.Queue, new SimulatedQueue(limit, memory)) : queues.Remove(limit.Queue),
            },
            synced: true);
    }

    static bool IsOver(SimulatedState state, PlaceKey place) =>
        !state.Instances.TryGetValue(place.InstanceKey, out var instance) || instance.Head.OwnerEpoch != place.OwnerEpoch || instance.Head.Owner is null;

    static QueueStanding Standing(SimulatedState state, string queue, SimulatedQueue? found)
    {
        var places = state.Places.FindAll(p => p.Ask.Queue == queue);
        var waiting = places.Where(p => !p.Held).GroupBy(p => (p.Ask.Tenant, p.Ask.Key))
            .SelectMany(g => g.OrderByDescending(p => p.Ask.Priority).ThenBy(p => p.Order).Take(QueueRules.WaitingPerKeyMax)
                .Select((p, place) => (Place: place, Waiting: p)))
            .OrderBy(w => w.Place).ThenBy(w => w.Waiting.Order).Take(QueueRules.WaitingMax).Select(w => w.Waiting);
        return new QueueStanding(
            queue, found?.Limit, found?.Memory ?? QueueMemory.Empty,
            [.. places.Where(p => p.Held).GroupBy(p => (p.Ask.Tenant, p.Ask.Key)).Select(g => new HeldPlaces(g.Key.Tenant, g.Key.Key, g.Count()))],
            [.. waiting.Select(p => new WaitingPlace(
                new QueueGrant(p.Ask.Place, p.Ask.InstanceId), p.Ask.Tenant, p.Ask.Key, p.Ask.Priority, p.Order))]);
    }

    static SimulatedState After(SimulatedState state, string queue, SimulatedQueue? found, QueueDecision decision)
    {
        var let = decision.Granted.Select(g => g.Place).ToHashSet();
        return state with
        {
            Places = state.Places.ConvertAll(p => let.Contains(p.Ask.Place) ? p with { Held = true } : p),
            Queues = found is null ? state.Queues : state.Queues.SetItem(queue, found with { Memory = decision.Memory }),
        };
    }
}
