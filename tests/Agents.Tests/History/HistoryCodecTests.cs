using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Engine.History;
using CsCheck;
using Xunit;

namespace Agents.Tests.History;

public sealed class HistoryCodecTests
{
    const int Bound = HistoryCodec.PayloadBytesMaxDefault;
    const string Execution = "0123456789abcdef0123456789abcdef";
    static readonly DateTimeOffset s_time = new DateTimeOffset(2026, 11, 23, 12, 30, 45, TimeSpan.Zero).AddTicks(1234567);

    public static TheoryData<HistoryEvent> Events => new(Samples.OfEveryType(s_time));

    [Theory]
    [MemberData(nameof(Events))]
    public void Every_event_type_comes_back_as_it_was(HistoryEvent e)
    {
        EventAssert.Same(e, HistoryCodec.DecodeOne(HistoryCodec.EncodeOne(e)));
        EventAssert.Same(e, Assert.Single(RoundTrip([e], Bound)));
    }

    [Fact]
    public void Every_event_type_of_the_contracts_has_a_sample()
    {
        var types = typeof(HistoryEvent).Assembly.GetTypes()
            .Where(type => type.IsSubclassOf(typeof(HistoryEvent)) && type != typeof(UnknownHistoryEvent));
        Assert.Equal(
            types.Select(type => type.Name).Order(),
            Samples.OfEveryType(s_time).Select(e => e.GetType().Name).Distinct().Order());
    }

    [Fact]
    public void Any_sequence_of_events_comes_back_as_it_was() =>
        Samples.Event.Array[0, 20].Sample(events =>
        {
            var back = RoundTrip(events, Bound);
            Assert.Equal(events.Length, back.Count);
            for (var i = 0; i < events.Length; i++)
            {
                EventAssert.Same(events[i], back[i]);
            }
        }, iter: 500);

    [Fact]
    public void Any_sequence_comes_back_through_payloads_too() =>
        Samples.Event.Array[0, 5].Sample(events =>
        {
            var back = RoundTrip(events, payloadBytesMax: 3);
            for (var i = 0; i < events.Length; i++)
            {
                EventAssert.Same(events[i], back[i]);
            }
        }, iter: 300);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("\0")]
    [InlineData("a\0b\u0001\u007f")]
    [InlineData("Grüße, 世界 🌍 \ud83d\ude80")]
    [InlineData("half a character: \ud83d")]
    [InlineData("\ude80 and the other half, \ud83d\ud83d\ude80")]
    public void Strings_are_never_changed(string? text)
    {
        var e = new TaskCompleted { TaskScheduledId = 7, Result = text, Timestamp = s_time };
        Assert.Equal(text, Assert.IsType<TaskCompleted>(HistoryCodec.DecodeOne(HistoryCodec.EncodeOne(e))).Result);
        Assert.Equal(text, Assert.IsType<TaskCompleted>(Assert.Single(RoundTrip([e], payloadBytesMax: 0))).Result);
    }

    [Fact]
    public void The_wire_gets_well_formed_strings()
    {
        var bytes = HistoryCodec.ToProtocol(new TaskCompleted { TaskScheduledId = 1, Result = "x\ud83dy" }, withExtras: false);
        Assert.True(bytes.AsSpan().IndexOf("x\ufffdy"u8) > 0);
    }

    [Fact]
    public void Extras_are_removed_for_foreign_workers()
    {
        var e = new TaskScheduled
        {
            Name = "RunTool", EventId = 3, Effect = new EffectIntent(EffectClass.AtMostOnce, "key", "append"),
        };
        Assert.Null(((TaskScheduled)HistoryCodec.DecodeOne(HistoryCodec.ToProtocol(e, withExtras: false))).Effect);
        Assert.Equal(e.Effect, ((TaskScheduled)HistoryCodec.DecodeOne(HistoryCodec.ToProtocol(e, withExtras: true))).Effect);
    }

    [Fact]
    public void An_unknown_event_type_is_kept_byte_for_byte()
    {
        // eventId 5, timestamp {}, field 29 (entityUnlockSent) { 1: "x" }, field 2000: 7
        byte[] raw = [0x08, 0x05, 0x12, 0x00, 0xEA, 0x01, 0x03, 0x0A, 0x01, (byte)'x', 0x80, 0x7D, 0x07];
        var e = Assert.IsType<UnknownHistoryEvent>(HistoryCodec.DecodeOne(raw));
        Assert.Equal(5, e.EventId);
        Assert.Equal(raw, HistoryCodec.EncodeOne(e));
        var row = RoundTrip([e], Bound);
        Assert.Equal(raw, Assert.IsType<UnknownHistoryEvent>(Assert.Single(row)).Raw.ToArray());
    }

    [Fact]
    public void A_value_over_the_bound_is_stored_once_and_referred_to()
    {
        var text = new string('é', 20);
        var encoded = HistoryCodec.Encode(
            [new EventRaised { Name = "a", Input = text }, new EventRaised { Name = "b", Input = text }], payloadBytesMax: 39);
        var payload = Assert.Single(encoded.Payloads);
        Assert.Equal(40, payload.Length);
        Assert.Equal(text, HistoryCodec.ReadPayload(payload));
        Assert.Empty(HistoryCodec.Encode([new EventRaised { Name = "a", Input = text }], payloadBytesMax: 40).Payloads);
    }

    [Fact]
    public void A_missing_payload_is_named()
    {
        var encoded = HistoryCodec.EncodeOne(new EventRaised { Name = "a", Input = "long text" }, payloadBytesMax: 4);
        var missing = new List<string>();
        HistoryCodec.DecodeOne(encoded.Bytes, null, missing);
        Assert.Equal([Convert.ToHexStringLower(encoded.Payloads[0].Hash.Span)], missing);
        Assert.Throws<InvalidOperationException>(() => HistoryCodec.DecodeOne(encoded.Bytes));
    }

    [Fact]
    public void A_payload_with_other_bytes_is_refused()
    {
        var a = HistoryCodec.EncodeOne(new EventRaised { Name = "a", Input = "long text" }, payloadBytesMax: 4).Payloads[0];
        var b = HistoryCodec.EncodeOne(new EventRaised { Name = "a", Input = "lang text" }, payloadBytesMax: 4).Payloads[0];
        var fault = Assert.Throws<InvalidDataException>(() => HistoryCodec.ReadPayload(a with { Compressed = b.Compressed }));
        Assert.Contains("AG1151", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_rows_are_faults_and_never_other_exceptions() =>
        Gen.Select(Samples.Event.Array[1, 4], Gen.Int[0, 10_000], Gen.Byte).Sample((events, where, value) =>
        {
            var row = HistoryCodec.Encode(events, Bound).Bytes.ToArray();
            row[where % row.Length] = value;
            try
            {
                HistoryCodec.Decode(row, null, []);
            }
            catch (InvalidDataException)
            {
            }
        }, iter: 2000);

    [Fact]
    public void The_digest_chains_over_stored_bytes()
    {
        var first = HistoryDigest.Next(HistoryDigest.Empty.Span, "a"u8);
        Assert.NotEqual(HistoryDigest.Next(first, "b"u8), HistoryDigest.Next(HistoryDigest.Empty.Span, "b"u8));
        Assert.Equal(System.Security.Cryptography.SHA256.HashData([.. new byte[32], (byte)'a']), first);
    }

    static IReadOnlyList<HistoryEvent> RoundTrip(IReadOnlyList<HistoryEvent> events, int payloadBytesMax)
    {
        var encoded = HistoryCodec.Encode(events, payloadBytesMax);
        var payloads = encoded.Payloads.ToDictionary(
            row => Convert.ToHexStringLower(row.Hash.Span), HistoryCodec.ReadPayload);
        var missing = new List<string>();
        var back = HistoryCodec.Decode(encoded.Bytes, payloads, missing);
        Assert.Empty(missing);
        return back;
    }
}
