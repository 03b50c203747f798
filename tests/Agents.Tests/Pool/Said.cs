using Agents.Contracts.Pool;
using Agents.Pool.Routing;

namespace Agents.Tests.Pool;

/// <summary>Reports and requests as tests need them.</summary>
static class Said
{
    public const string Model = "kimi";

    public static WorkerReport Report(
        string worker, string address = "http://127.0.0.1:9/v1", ModelServerState state = ModelServerState.Ready, WorkerFigures? figures = null,
        string incarnation = "i1", IReadOnlyList<HeldNote>? held = null) => new()
        {
            Worker = worker, Incarnation = incarnation, Address = address, Models = [Model], State = state, EveryMs = 1_000,
            Figures = figures ?? new WorkerFigures { RunningMax = 1 }, Held = held,
        };

    public static PoolRequest Request(string? run = null, string tenant = "default", int prompt = 100, string model = Model) => new()
    {
        Model = model, Tenant = tenant, Run = run, Prefixes = run is null ? [] : [$"run:{run}"], PromptTokens = prompt, TokensMax = 50,
    };

    public static string Body(string text = "hello", string model = Model) =>
        $$"""{"model":"{{model}}","stream":true,"messages":[{"role":"system","content":"be brief"},{"role":"user","content":"{{text}}"}],"max_tokens":7}""";
}
