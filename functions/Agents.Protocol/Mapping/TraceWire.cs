using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Nouns = Agents.Contracts.Instances;

namespace Agents.Protocol.Mapping;

/// <summary>W3C trace context, and the span that an execution's turns share.</summary>
public static class TraceWire
{
    /// <summary>Length of "00-", a trace id, "-", a span id, "-" and two digits of flags.</summary>
    const int TraceParentCharactersMin = 55;

    public static TraceContext? ToWire(Nouns.TraceLink? trace) => trace is null
        ? null
        : new TraceContext { TraceParent = trace.TraceParent, TraceState = trace.TraceState };

    public static Nouns.TraceLink? FromWire(TraceContext? wire) => wire is null || wire.TraceParent.Length == 0
        ? null
        : new Nouns.TraceLink(wire.TraceParent, wire.TraceState);

    public static ByteString ToBytes(Nouns.TraceLink? trace) => ToWire(trace)?.ToByteString() ?? ByteString.Empty;

    /// <summary>From a field that other workers use for a text of their own: null where it holds no trace context.</summary>
    public static Nouns.TraceLink? FromBytes(ByteString bytes) =>
        FromWire(Parse(TraceContext.Parser, bytes)) is { TraceParent.Length: >= TraceParentCharactersMin } trace ? trace : null;

    public static OrchestrationTraceContext? ToWire(Nouns.OrchestrationSpan? span) => span is null
        ? null
        : new OrchestrationTraceContext { SpanID = span.SpanId, SpanStartTime = span.StartedAt?.ToTimestamp() };

    public static ByteString ToBytes(Nouns.OrchestrationSpan? span) => ToWire(span)?.ToByteString() ?? ByteString.Empty;

    /// <summary>From a field that other workers use for another message: null where it holds no span with a time.</summary>
    public static Nouns.OrchestrationSpan? SpanFromBytes(ByteString bytes) =>
        Parse(OrchestrationTraceContext.Parser, bytes) is { SpanID.Length: > 0 } wire
            ? new Nouns.OrchestrationSpan(wire.SpanID, wire.SpanStartTime?.ToDateTimeOffset())
            : null;

    static T? Parse<T>(MessageParser<T> parser, ByteString bytes)
        where T : class, IMessage<T>
    {
        try
        {
            return bytes.IsEmpty ? null : parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }
}
