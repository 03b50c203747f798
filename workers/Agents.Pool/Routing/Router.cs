namespace Agents.Pool.Routing;

/// <summary>Where a request goes.</summary>
public abstract record RouteChoice
{
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

/// <summary>Chooses a worker: a pure function of the request, the workers and the time.</summary>
public static class Router
{
    public static RouteChoice Choose(PoolRequest request, IReadOnlyList<WorkerSlot> slots, DateTimeOffset now)
    {
        var serving = slots.Where(s => s.Models.Contains(request.Model)).ToList();
        if (serving.Count == 0)
        {
            return new RouteChoice.Refuse(RefusedFor.UnknownModel);
        }

        if (serving.TrueForAll(s => s.ContextTokens > 0 && request.PromptTokens > s.ContextTokens))
        {
            return new RouteChoice.Refuse(RefusedFor.TooLong);
        }

        var best = serving
            .Where(s => s.Health is WorkerHealth.Ready or WorkerHealth.Probe && HasRoom(s, request))
            .OrderBy(s => s.Running + s.Waiting).ThenBy(s => s.TokensOwed).ThenBy(s => s.Worker, StringComparer.Ordinal)
            .FirstOrDefault();
        return best is null ? new RouteChoice.Wait() : new RouteChoice.Send(best.Worker, HeldTokens(request, best));
    }

    static bool HasRoom(WorkerSlot slot, PoolRequest request) =>
        (slot.KvTokens == 0 || request.PromptTokens <= slot.KvTokensFree || slot.Running == 0)
        && (slot.RunningMax == 0 || slot.Running + slot.Waiting < slot.RunningMax)
        && (slot.ContextTokens == 0 || request.PromptTokens <= slot.ContextTokens);

    static int HeldTokens(PoolRequest request, WorkerSlot slot) =>
        request.Prefixes.Select(p => slot.Held.TryGetValue(p, out var held) ? held.Tokens : 0).FirstOrDefault(tokens => tokens > 0);
}
