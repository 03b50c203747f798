namespace Agents.Contracts.Instances;

/// <summary>Where something belongs in a distributed trace: W3C traceparent and tracestate, as text.</summary>
public sealed record TraceLink(string TraceParent, string? TraceState = null);

/// <summary>The span of an execution, as its worker named it: all its turns are shown as one. Ids are 16 hexadecimal digits.</summary>
public sealed record OrchestrationSpan(string SpanId, DateTimeOffset? StartedAt);
