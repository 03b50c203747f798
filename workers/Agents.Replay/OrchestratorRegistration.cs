namespace Agents.Replay;

/// <summary>Orchestrator code: returns the output as JSON text, or null.</summary>
public delegate Task<string?> Orchestrator(OrchestrationContext context);

/// <summary>One registered orchestrator; version null is unversioned.</summary>
public sealed record OrchestratorRegistration(string Name, string? Version, Orchestrator Code);
