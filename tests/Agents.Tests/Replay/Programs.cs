using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Replay;
using Agents.Replay.Versioning;
using Agents.TestKit.Replay;

namespace Agents.Tests.Replay;

/// <summary>Short ways to put orchestrator code on a fake engine.</summary>
static class Programs
{
    public const string Name = "program";

    public static readonly FailureDetails Boom = new("Boom", "it broke");

    public static OrchestratorHost Host(Orchestrator code, VersioningOptions? versioning = null) =>
        new([new OrchestratorRegistration(Name, null, code)], versioning);

    public static OrchestratorHost Host(Func<OrchestrationContext, Task> code) => Host(async c =>
    {
        await code(c);
        return null;
    });

    public static FakeEngine Started(Orchestrator code, string? input = null) =>
        new FakeEngine(Host(code)).Start(Name, input);

    public static FakeEngine Started(Func<OrchestrationContext, Task> code) => new FakeEngine(Host(code)).Start(Name);

    /// <summary>The first disagreement between this engine's history and other code.</summary>
    public static Divergence? ReplayOn(this FakeEngine engine, Func<OrchestrationContext, Task> code) =>
        HistoryReplay.Check(Host(code), HistoryBuilder.Identity(), engine.History).Divergence;
}
