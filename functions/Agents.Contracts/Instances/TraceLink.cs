namespace Agents.Contracts.Instances;

/// <summary>Where something belongs in a distributed trace: W3C traceparent and tracestate, as text.</summary>
public sealed record TraceLink(string TraceParent, string? TraceState = null);
