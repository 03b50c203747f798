namespace Agents.Pool.Routing;

/// <summary>Where a request goes.</summary>
public abstract record RouteChoice
{
    RouteChoice()
    {
    }

    /// <summary>To that worker, which is believed to hold that many of its tokens.</summary>
    public sealed record Send(string Worker, int HeldTokens) : RouteChoice;

    /// <summary>Some worker will take it later.</summary>
    public sealed record Wait : RouteChoice;

    /// <summary>No worker that is there could ever take it: the model is not served, or no conversation may be that long.</summary>
    public sealed record Refuse(RefusedFor Why) : RouteChoice;
}

/// <summary>Why no worker could take a request.</summary>
public enum RefusedFor
{
    UnknownModel,
    TooLong,
}

/// <summary>
/// Chooses a worker: a pure function of the request, the workers and the time. First who can take it, then what it costs
/// there, then the cheapest; README.md of this folder says what counts and why.
/// </summary>
public static class Router
{
    /// <summary>For a request that came just now, as if it were alone.</summary>
    public static RouteChoice Choose(PoolRequest request, IReadOnlyList<WorkerSlot> slots, DateTimeOffset now) =>
        Choose(request, [.. slots.Select(s => new SlotRoom(s, now, RoutingOptions.Default))], TimeSpan.Zero, RoutingOptions.Default);

    /// <param name="waited">How long the request has waited: patience ends.</param>
    internal static RouteChoice Choose(PoolRequest request, IReadOnlyList<SlotRoom> rooms, TimeSpan waited, RoutingOptions options)
    {
        var serving = rooms.Where(r => r.Slot.Models.Contains(request.Model)).ToList();
        if (serving.Count == 0)
        {
            return new RouteChoice.Refuse(RefusedFor.UnknownModel);
        }

        if (serving.TrueForAll(r => IsTooLong(request, r.Slot)))
        {
            return new RouteChoice.Refuse(RefusedFor.TooLong);
        }

        var patience = PatienceOf(request, waited, options);
        Offer? best = null;
        foreach (var room in serving)
        {
            if (Take(request, room, patience, options) is { } offer && (best is null || IsBetter(offer, best.Value)))
            {
                best = offer;
            }
        }

        return best is { IsBarred: false, IsFull: false } chosen ? new RouteChoice.Send(chosen.Worker, chosen.Held) : new RouteChoice.Wait();
    }

    /// <summary>Tokens of the request that a worker is believed to hold.</summary>
    public static int HeldTokens(PoolRequest request, WorkerSlot slot) => Held(request, slot).Tokens;

    /// <summary>What one worker asks for a request.</summary>
    /// <param name="IsBarred">Runs that may not be pushed out yet are in the way.</param>
    /// <param name="IsFull">All its slots are taken; worth waiting for only where it is the cheapest all the same.</param>
    readonly record struct Offer(string Worker, int Held, double Cost, bool IsBarred, bool IsFull);

    static Offer? Take(PoolRequest request, SlotRoom room, Patience patience, RoutingOptions options)
    {
        var slot = room.Slot;
        var full = !IsOpen(slot) || (room.IsReserved && patience != Patience.Starves);
        if (IsTooLong(request, slot) || (full && (patience != Patience.Left || slot.Health != WorkerHealth.Ready)))
        {
            return null;
        }

        var (name, held) = Held(request, slot);
        var own = name == request.Prefixes.FirstOrDefault() ? name : null;
        var goesOn = held >= options.GoesOnShare * request.PromptTokens;
        if (room.For(request.TokensNeeded - held, own, patience) is not { } way)
        {
            return null;
        }

        var cost = request.PromptTokens - held
            + (options.OwedWeight * slot.TokensOwed)
            + (options.RunningWeight * (slot.Running + slot.Waiting))
            + (options.LossWeight * way.Loss)
            + (options.CommittedWeight * room.Committed(own))
            - (goesOn ? options.StickinessShare * request.PromptTokens : 0);
        return new Offer(slot.Worker, held, cost, way.IsBarred && !goesOn, full);
    }

    // One that may be used at once comes before one that must be waited for, or a run would wait beside an empty worker.
    static bool IsBetter(Offer offer, Offer than) =>
        (offer.IsBarred, offer.Cost).CompareTo((than.IsBarred, than.Cost)) is var order
        && (order < 0 || (order == 0 && string.CompareOrdinal(offer.Worker, than.Worker) < 0));

    static Patience PatienceOf(PoolRequest request, TimeSpan waited, RoutingOptions options)
    {
        var patience = request.Class == RequestClass.Interactive ? options.InteractivePatience : options.BatchPatience;
        return waited >= options.StarvesAfter ? Patience.Starves : waited >= patience ? Patience.Ended : Patience.Left;
    }

    /// <summary>The worker that comes nearest to taking a request that fits none now; null when it could never fit any.</summary>
    internal static SlotRoom? Nearest(PoolRequest request, IReadOnlyList<SlotRoom> rooms) => rooms
        .Where(r => r.Slot.Models.Contains(request.Model) && r.Slot.Health == WorkerHealth.Ready && !IsTooLong(request, r.Slot)
            && (r.Slot.KvTokens == 0 || request.TokensNeeded <= r.Slot.KvTokens))
        .OrderByDescending(r => r.Slot.KvTokensFree + Held(request, r.Slot).Tokens).ThenBy(r => r.Slot.Worker, StringComparer.Ordinal)
        .FirstOrDefault();

    static bool IsOpen(WorkerSlot slot) => slot.Health switch
    {
        WorkerHealth.Ready => slot.RunningMax == 0 || slot.Running + slot.Waiting < slot.RunningMax,
        WorkerHealth.Probe => slot.Running + slot.Waiting == 0,
        _ => false,
    };

    static bool IsTooLong(PoolRequest request, WorkerSlot slot) => slot.ContextTokens > 0 && request.PromptTokens > slot.ContextTokens;

    static (string? Name, int Tokens) Held(PoolRequest request, WorkerSlot slot)
    {
        foreach (var prefix in request.Prefixes)
        {
            if (slot.Held.TryGetValue(prefix, out var held) && held.Tokens > 0)
            {
                return (prefix, Math.Min(held.Tokens, request.PromptTokens - 1));
            }
        }

        return (null, 0);
    }
}
