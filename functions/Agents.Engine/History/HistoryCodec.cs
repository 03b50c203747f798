using Agents.Contracts.History;
using Agents.Engine.Store;

namespace Agents.Engine.History;

/// <summary>
/// History events as stored: the Durable Task protocol's HistoryEvent encoding, our extras in fields from 1000 on. A row
/// is [version][flags][events, each behind its length], compressed where that makes it smaller; an inbox row is one event.
/// Decoding with references whose payloads are not given lists their hashes in <c>missing</c>: fetch them and decode again.
/// </summary>
public static class HistoryCodec
{
    /// <summary>A string longer than this in UTF-8 is stored once per lineage instead of inside its event.</summary>
    public const int PayloadBytesMaxDefault = 32 * 1024;

    [ThreadStatic]
    static ProtoWriter? t_writer;

    public static EncodedEvents Encode(IReadOnlyList<HistoryEvent> events, int payloadBytesMax)
    {
        var sink = new PayloadSink(payloadBytesMax);
        var output = Writer();
        var writer = new EventWriter(output, sink, withExtras: true, forWire: false);
        for (var i = 0; i < events.Count; i++)
        {
            var mark = output.BeginLengthPrefixed();
            writer.Write(events[i]);
            output.End(mark);
        }

        return new EncodedEvents(Envelope.Seal(output.Written), events.Count, sink.Rows);
    }

    /// <summary>Events of a row. Text of a payload that is not in <paramref name="payloads"/> is "" and its hash is added to <paramref name="missing"/>.</summary>
    public static IReadOnlyList<HistoryEvent> Decode(
        ReadOnlyMemory<byte> row, IReadOnlyDictionary<string, string>? payloads, ICollection<string> missing)
    {
        var lookup = new PayloadLookup(payloads, missing);
        var rest = Envelope.Open(row);
        var events = new List<HistoryEvent>();
        while (!rest.IsEmpty)
        {
            var length = Envelope.ReadLength(ref rest);
            events.Add(EventReader.Read(rest[..length], lookup));
            rest = rest[length..];
        }

        return events;
    }

    /// <summary>One event whole, as an inbox row carries it.</summary>
    public static byte[] EncodeOne(HistoryEvent e) => Encode(e, sink: null, withExtras: true, forWire: false);

    /// <summary>One event, long strings stored apart.</summary>
    public static EncodedEvents EncodeOne(HistoryEvent e, int payloadBytesMax)
    {
        var sink = new PayloadSink(payloadBytesMax);
        return new EncodedEvents(Encode(e, sink, withExtras: true, forWire: false), 1, sink.Rows);
    }

    /// <summary>One event that refers to no payload; one that does is an error of the caller.</summary>
    public static HistoryEvent DecodeOne(ReadOnlyMemory<byte> bytes)
    {
        var missing = new List<string>();
        var e = DecodeOne(bytes, null, missing);
        return missing.Count == 0
            ? e
            : throw new InvalidOperationException($"the event refers to {missing.Count} payloads: decode it with them");
    }

    public static HistoryEvent DecodeOne(
        ReadOnlyMemory<byte> bytes, IReadOnlyDictionary<string, string>? payloads, ICollection<string> missing) =>
        EventReader.Read(bytes, new PayloadLookup(payloads, missing));

    /// <summary>The text of a stored payload; checked against its hash.</summary>
    public static string ReadPayload(PayloadRow row) => Payload.Read(row);

    /// <summary>
    /// The event for the wire: well-formed strings, payloads in place. Without extras for workers that are not ours.
    /// </summary>
    public static byte[] ToProtocol(HistoryEvent e, bool withExtras) => Encode(e, sink: null, withExtras, forWire: true);

    static byte[] Encode(HistoryEvent e, PayloadSink? sink, bool withExtras, bool forWire)
    {
        var output = Writer();
        new EventWriter(output, sink, withExtras, forWire).Write(e);
        return output.Written.ToArray();
    }

    static ProtoWriter Writer()
    {
        var writer = t_writer ??= new ProtoWriter();
        writer.Clear();
        return writer;
    }
}
