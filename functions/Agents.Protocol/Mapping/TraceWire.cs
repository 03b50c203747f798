using Nouns = Agents.Contracts.Instances;

namespace Agents.Protocol.Mapping;

/// <summary>W3C trace context.</summary>
public static class TraceWire
{
    public static TraceContext? ToWire(Nouns.TraceLink? trace) => trace is null
        ? null
        : new TraceContext { TraceParent = trace.TraceParent, TraceState = trace.TraceState };

    public static Nouns.TraceLink? FromWire(TraceContext? wire) => wire is null || wire.TraceParent.Length == 0
        ? null
        : new Nouns.TraceLink(wire.TraceParent, wire.TraceState);
}
