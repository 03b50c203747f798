using Agents.Pool.Routing;

namespace Agents.Tests.Pool.Routing;

/// <summary>Requests and workers in few words.</summary>
static class Given
{
    public static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    public static PoolRequest Request(string run = "run", int prompt = 1000, RequestClass kind = RequestClass.Batch, string tenant = "tenant") => new()
    {
        Model = "model", Tenant = tenant, Class = kind, Run = run, Prefixes = [run], PromptTokens = prompt, TokensMax = 100, ExpectedTokens = 100,
    };

    public static WorkerSlot Slot(string name, int kv = 10_000, int running = 0, int owed = 0, params (string Name, HeldPrefix Held)[] held) => new()
    {
        Worker = name, Models = ["model"], KvTokens = kv, KvTokensFree = kv - held.Where(h => h.Held.InUse).Sum(h => h.Held.Cells),
        ContextTokens = kv, Running = running, RunningMax = 8, TokensOwed = owed,
        Held = held.ToDictionary(h => h.Name, h => h.Held),
    };

    /// <summary>Held, used some seconds ago, and there since some more.</summary>
    public static (string, HeldPrefix) Held(string run, int tokens, double usedAgo = 1, double since = 1000, double? backIn = null) => (run, new HeldPrefix(
        tokens, Now.AddSeconds(-usedAgo), backIn is { } back ? Now.AddSeconds(back) : null) { Since = Now.AddSeconds(-since) });

    public static WaitingRequest Waiting(PoolRequest request, long ticket = 1, double waited = 0) => new(ticket, request, Now.AddSeconds(-waited));

    public static string? Sent(this RouteChoice choice) => (choice as RouteChoice.Send)?.Worker;
}
