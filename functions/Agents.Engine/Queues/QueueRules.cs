using System.Text.Json;
using Agents.Contracts;
using Agents.Contracts.Client;
using Agents.Engine.Store;

namespace Agents.Engine.Queues;

/// <summary>What a store found of one queue, under its lock. <paramref name="Limit"/> null: the queue has no bound (any more).</summary>
public sealed record QueueStanding(
    string Queue, QueueLimit? Limit, QueueMemory Memory, IReadOnlyList<HeldPlaces> Held, IReadOnlyList<WaitingPlace> Waiting);

/// <summary>How many places a tenant holds for a key.</summary>
public sealed record HeldPlaces(string Tenant, string Key, int Count);

/// <summary>One that waits; <paramref name="Order"/> rises with the time of asking.</summary>
public sealed record WaitingPlace(QueueGrant Grant, string Tenant, string Key, int Priority, long Order);

/// <summary>
/// What is kept of a queue between two decisions: up to when its rate is used up, and tenants in the order in which they
/// were last let in.
/// </summary>
public sealed record QueueMemory(DateTimeOffset PaidUntil, IReadOnlyList<string> Turns)
{
    public static QueueMemory Empty { get; } = new(DateTimeOffset.MinValue, []);

    /// <summary>As stores keep it: ticks, and the names as JSON.</summary>
    public static QueueMemory Read(long paidUntil, byte[]? turns) => new(
        new DateTimeOffset(paidUntil, TimeSpan.Zero),
        turns is null ? [] : JsonSerializer.Deserialize(turns, ContractsJson.Plain.ListString) ?? []);

    public (long PaidUntil, byte[] Turns) Write() =>
        (PaidUntil.UtcTicks, JsonSerializer.SerializeToUtf8Bytes([.. Turns], ContractsJson.Plain.ListString));
}

public sealed record QueueDecision(IReadOnlyList<QueueGrant> Granted, QueueMemory Memory, DateTimeOffset? NextAt);

/// <summary>
/// Who is let in. The same for every store: it finds out how things stand and writes down what was decided. Next comes the
/// tenant that holds fewest places, of those the one that was let in longest ago; inside it the highest priority, then who
/// asked first. A key that has all it may have is passed over.
/// </summary>
public static class QueueRules
{
    /// <summary>Of the first of each tenant and key a store shows so many, and so many in all; the next round sees the others.</summary>
    public const int WaitingPerKeyMax = 256, WaitingMax = 2_048;

    /// <summary>Tenants whose turn is remembered.</summary>
    public const int TurnsMax = 256;

    /// <summary>A rate is kept by rounds, not by one round for each activity: none comes sooner after the last.</summary>
    static readonly TimeSpan s_roundsApart = TimeSpan.FromMilliseconds(50);

    public static QueueDecision Decide(QueueStanding standing, DateTimeOffset now)
    {
        if (standing.Limit is not { } limit)
        {
            return new QueueDecision(
                [.. standing.Waiting.Select(w => w.Grant)], standing.Memory, standing.Waiting.Count < WaitingMax ? null : now + s_roundsApart);
        }

        var round = new Round(standing, limit);
        var rate = Rate.Of(limit, standing.Memory.PaidUntil, now);
        var granted = new List<QueueGrant>();
        while (rate.Allows && round.Next() is { } next)
        {
            granted.Add(next);
            rate.Pay();
        }

        var memory = new QueueMemory(rate.PaidUntil, [.. round.Turns]);
        var held = round.Next() is not null;   // by the rate alone
        var cut = standing.Waiting.Count >= WaitingMax && granted.Count > 0;
        DateTimeOffset? nextAt = held ? Later(rate.NextAt, now + s_roundsApart) : cut ? now + s_roundsApart : null;
        return new QueueDecision(granted, memory, nextAt);
    }

    static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;

    /// <summary>
    /// An even stream, of which up to one second's worth (at least one) may come at once: in any time no more than its rate
    /// and that.
    /// </summary>
    sealed class Rate
    {
        readonly TimeSpan _each;
        readonly TimeSpan _ahead;
        readonly DateTimeOffset _now;

        Rate(TimeSpan each, DateTimeOffset paidUntil, DateTimeOffset now)
        {
            _each = each;
            _now = now;

            // A clock that was set back, or one of another node that is ahead, does not close a queue for longer than its burst.
            _ahead = each < TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1) - each : TimeSpan.Zero;
            PaidUntil = paidUntil;
        }

        public DateTimeOffset PaidUntil { get; private set; }

        public bool Allows => _each == TimeSpan.Zero || PaidUntil <= _now + _ahead;

        public DateTimeOffset NextAt => PaidUntil - _ahead;

        public static Rate Of(QueueLimit limit, DateTimeOffset paidUntil, DateTimeOffset now)
        {
            var each = limit.RateCount is { } count ? limit.RatePer / count : TimeSpan.Zero;
            var most = now + each + TimeSpan.FromSeconds(1);
            return new Rate(each, paidUntil > most ? most : paidUntil, now);
        }

        public void Pay()
        {
            if (_each > TimeSpan.Zero)
            {
                PaidUntil = Later(PaidUntil, _now) + _each;
            }
        }
    }

    sealed class Round
    {
        readonly QueueLimit _limit;
        readonly Dictionary<string, int> _byTenant = [];
        readonly Dictionary<string, int> _byKey = [];
        readonly Dictionary<string, List<WaitingPlace>> _waiting;
        readonly List<string> _turns;
        int _held;

        public Round(QueueStanding standing, QueueLimit limit)
        {
            _limit = limit;
            foreach (var held in standing.Held)
            {
                Count(held.Tenant, held.Key, held.Count);
            }

            _turns = [.. standing.Memory.Turns];
            _waiting = standing.Waiting.GroupBy(w => w.Tenant).ToDictionary(
                g => g.Key, g => g.OrderByDescending(w => w.Priority).ThenBy(w => w.Order).ToList());
        }

        public IReadOnlyList<string> Turns => _turns.Count <= TurnsMax ? _turns : _turns[^TurnsMax..];

        public QueueGrant? Next()
        {
            if (_held >= _limit.Concurrency)
            {
                return null;
            }

            var next = _waiting.Values.Select(line => line.Find(IsFree)).OfType<WaitingPlace>()
                .OrderBy(w => _byTenant.GetValueOrDefault(w.Tenant)).ThenBy(w => _turns.IndexOf(w.Tenant)).ThenBy(w => w.Order)
                .FirstOrDefault();
            if (next is null)
            {
                return null;
            }

            _waiting[next.Tenant].Remove(next);
            _turns.Remove(next.Tenant);
            _turns.Add(next.Tenant);
            Count(next.Tenant, next.Key, 1);
            return next.Grant;
        }

        bool IsFree(WaitingPlace place) => !(_byKey.GetValueOrDefault(place.Key) >= _limit.PerKey);

        void Count(string tenant, string key, int count)
        {
            _held += count;
            _byTenant[tenant] = _byTenant.GetValueOrDefault(tenant) + count;
            _byKey[key] = _byKey.GetValueOrDefault(key) + count;
        }
    }
}
