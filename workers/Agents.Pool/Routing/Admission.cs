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
    public static Admitted? Next(
        IReadOnlyList<WaitingRequest> waiting, IReadOnlyList<WorkerSlot> slots, IReadOnlyDictionary<string, double> used, DateTimeOffset now)
    {
        foreach (var one in waiting.OrderBy(w => w.Request.Class).ThenBy(w => w.Ticket))
        {
            if (Router.Choose(one.Request, slots, now) is RouteChoice.Send to)
            {
                return new Admitted(one, to);
            }
        }

        return null;
    }
}
