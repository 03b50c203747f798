namespace Agents.Pool.Routing;

/// <summary>A request in the queue.</summary>
/// <param name="Ticket">Grows with arrival.</param>
public sealed record WaitingRequest(long Ticket, PoolRequest Request, DateTimeOffset Since);

/// <summary>The request to send next, and where.</summary>
public sealed record Admitted(WaitingRequest Waiting, RouteChoice.Send To);

/// <summary>
/// Chooses which waiting request goes next: a pure function of the queue, the workers, what tenants used and the time. The
/// pool asks again until it answers null, whenever a request came, one ended, or a worker reported.
/// </summary>
public static class Admission
{
    /// <param name="used">Tokens each tenant used of late (<see cref="TenantUse"/>); who is missing used none.</param>
    public static Admitted? Next(
        IReadOnlyList<WaitingRequest> waiting, IReadOnlyList<WorkerSlot> slots, IReadOnlyDictionary<string, double> used, DateTimeOffset now,
        RoutingOptions? options = null)
    {
        if (waiting.Count == 0)
        {
            return null;
        }

        options ??= RoutingOptions.Default;
        var rooms = slots.Select(s => new SlotRoom(s, now, options)).ToList();
        if (Starving(waiting, now, options) is { } starving)
        {
            if (Router.Choose(starving.Request, rooms, now - starving.Since, options) is RouteChoice.Send at)
            {
                return new Admitted(starving, at);
            }

            if (Router.Nearest(starving.Request, rooms) is { } nearest)
            {
                nearest.IsReserved = true;
            }
        }

        foreach (var one in InOrder(waiting, slots, used, now, options))
        {
            if (Router.Choose(one.Request, rooms, now - one.Since, options) is RouteChoice.Send to)
            {
                return new Admitted(one, to);
            }
        }

        return null;
    }

    /// <summary>
    /// Class first, then who has used least, then who goes on where its beginning is held, then who came first. Only a
    /// request that can be sent takes its turn: one that waits for room holds up nobody.
    /// </summary>
    internal static IEnumerable<WaitingRequest> InOrder(
        IReadOnlyList<WaitingRequest> waiting, IReadOnlyList<WorkerSlot> slots, IReadOnlyDictionary<string, double> used, DateTimeOffset now,
        RoutingOptions options) => waiting.Count == 1 ? waiting : waiting
            .OrderBy(w => Rank(w, now, options))
            .ThenBy(w => used.GetValueOrDefault(w.Request.Tenant))
            .ThenBy(w => GoesOn(w.Request, slots, options) ? 0 : 1)
            .ThenBy(w => w.Ticket);

    /// <summary>The one that came first of those that have waited too long.</summary>
    static WaitingRequest? Starving(IReadOnlyList<WaitingRequest> waiting, DateTimeOffset now, RoutingOptions options) =>
        waiting.Where(w => now - w.Since >= options.StarvesAfter).MinBy(w => w.Ticket);

    static int Rank(WaitingRequest waiting, DateTimeOffset now, RoutingOptions options) =>
        waiting.Request.Class == RequestClass.Interactive || now - waiting.Since >= options.BatchAgesAfter ? 0 : 1;

    static bool GoesOn(PoolRequest request, IReadOnlyList<WorkerSlot> slots, RoutingOptions options) =>
        slots.Any(s => Router.HeldTokens(request, s) >= options.GoesOnShare * request.PromptTokens);
}
