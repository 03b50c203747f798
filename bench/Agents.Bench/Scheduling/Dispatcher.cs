using Agents.Pool.Routing;

namespace Agents.Bench.Scheduling;

/// <summary>How requests find their worker.</summary>
enum Arm
{
    Random,
    LeastLoaded,
    ConsistentHash,
    PrefixOnly,

    /// <summary>The pool's routing, but nobody is held back for runs that are expected.</summary>
    OursAtOnce,
    Ours,
}

/// <summary>A worker as an arm may see it.</summary>
sealed record WorkerLoad(int KvTokens, int KvTokensFree, int Running, int RunningMax, int Waiting, int Owed);

/// <summary>
/// What stands before the workers. The first four arms send a request on as it comes, to wait inside the worker; the
/// pool's routing may keep it. All are told the same: what was sent where, what ended and what the server found.
/// </summary>
sealed class Dispatcher
{
    readonly Arm _arm;
    readonly HeldPrefixes[] _held;
    readonly long[] _needed;
    readonly Random _chance = new(7);
    readonly List<WaitingRequest> _waiting = [];
    readonly ReplyEstimate _replies = new();
    readonly TenantUse _used = new(TimeSpan.FromMinutes(2));
    readonly RoutingOptions _options;
    long _tickets;

    public Dispatcher(Arm arm, int workers, int kvTokens, RoutingOptions options)
    {
        _arm = arm;
        _held = [.. Enumerable.Range(0, workers).Select(_ => new HeldPrefixes { KvTokens = kvTokens })];
        _needed = new long[workers];
        _options = arm == Arm.OursAtOnce ? options with { ExpectedBackWithin = TimeSpan.Zero } : options;
    }

    public int Waiting => _waiting.Count;

    public static PoolRequest Request(TraceRun run, int index) => new()
    {
        Model = "model",
        Tenant = run.Tenant,
        Class = run.Interactive ? RequestClass.Interactive : RequestClass.Batch,
        Run = run.Id,
        Prefixes = [$"{run.Id} {run.Calls[index].Generation}", "head " + run.Tenant],
        SharedTokens = run.HeadTokens,
        PromptTokens = run.Calls[index].PromptTokens,
        TokensMax = 16_000,
    };

    public WaitingRequest Came(PoolRequest request, DateTimeOffset now)
    {
        var waiting = new WaitingRequest(++_tickets, request with { ExpectedTokens = _replies.For(request) }, now);
        _waiting.Add(waiting);
        return waiting;
    }

    /// <summary>The next request to send, to which worker, and what that is believed to hold of it; null when none is to go now.</summary>
    public (WaitingRequest Request, int Worker, int Held)? Next(Func<int, WorkerLoad> load, DateTimeOffset now)
    {
        if (_waiting.Count == 0)
        {
            return null;
        }

        var chosen = _arm is Arm.Ours or Arm.OursAtOnce ? Route(load, now) : (_waiting[0], Choose(_waiting[0].Request, load));
        if (chosen is var (request, worker))
        {
            var held = Tokens(_held[worker], request.Request);
            _waiting.Remove(request);
            _held[worker].Sent(request.Request, now);
            _needed[worker] += request.Request.TokensNeeded;
            return (request, worker, held);
        }

        return null;
    }

    public void Ended(WaitingRequest waiting, int worker, int found, int replyTokens, DateTimeOffset now, TimeSpan? pauseHint)
    {
        var request = waiting.Request;
        _needed[worker] -= request.TokensNeeded;
        _held[worker].Ended(request, request.PromptTokens + replyTokens, found, now);
        _replies.Learn(request, replyTokens);
        _used.Charge(request.Tenant, request.PromptTokens - found + replyTokens, now);
        if (_arm != Arm.Ours)
        {
            return;
        }

        if (pauseHint is { } pause)
        {
            _held[worker].Waits(request.Prefixes[0], now + pause);
        }
        else
        {
            foreach (var held in _held)
            {
                held.Release(request.Prefixes[0]);
            }

            _replies.Forget(request.Run!);
        }
    }

    (WaitingRequest, int)? Route(Func<int, WorkerLoad> load, DateTimeOffset now)
    {
        var slots = _held.Select((h, i) => Slot(i, h, load(i), _needed[i])).ToList();
        return Admission.Next(_waiting, slots, _used.View(now), now, _options) is { } next
            ? (next.Waiting, int.Parse(next.To.Worker, System.Globalization.CultureInfo.InvariantCulture)) : null;
    }

    static WorkerSlot Slot(int index, HeldPrefixes held, WorkerLoad load, long needed) => new()
    {
        Worker = index.ToString(System.Globalization.CultureInfo.InvariantCulture),
        Models = ["model"],
        KvTokens = load.KvTokens,
        KvTokensFree = (int)Math.Max(0, Math.Min(load.KvTokensFree, load.KvTokens - needed)),
        Running = load.Running,
        RunningMax = load.RunningMax,
        Waiting = load.Waiting,
        TokensOwed = load.Owed,
        Held = held.View(),
    };

    int Choose(PoolRequest request, Func<int, WorkerLoad> load) => _arm switch
    {
        Arm.Random => _chance.Next(_held.Length),
        Arm.LeastLoaded => Enumerable.Range(0, _held.Length).MinBy(i => (load(i).Running + load(i).Waiting, load(i).Owed)),
        Arm.ConsistentHash => (int)(Hash(request.Run!) % (uint)_held.Length),
        _ => MostHeld(request),
    };

    int MostHeld(PoolRequest request)
    {
        var held = _held.Select(h => Tokens(h, request)).ToArray();
        var most = Enumerable.Range(0, held.Length).Where(i => held[i] == held.Max()).ToArray();
        return most[_chance.Next(most.Length)];
    }

    static int Tokens(HeldPrefixes held, PoolRequest request)
    {
        var view = held.View();
        return request.Prefixes.Select(p => view.TryGetValue(p, out var prefix) ? prefix.Tokens : 0).FirstOrDefault(t => t > 0);
    }

    // FNV-1a with a last stir: names that differ in one digit must not fall side by side.
    static uint Hash(string name)
    {
        var hash = 2166136261u;
        foreach (var c in name)
        {
            hash = (hash ^ c) * 16777619u;
        }

        hash ^= hash >> 15;
        hash *= 0x2c1b3c6du;
        return hash ^ (hash >> 12);
    }
}
