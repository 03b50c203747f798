using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Engine.History;
using Xunit;

namespace Agents.Tests.History;

/// <summary>Bytes derived by hand from the protocol's field numbers, so that codec and test cannot be wrong together.</summary>
public sealed class GoldenBytesTests
{
    // tag = field * 8 + wire type (0 varint, 2 bytes). -1 as int32 is ten bytes: nine times FF, then 01.
    const string MinusOne = "08 FFFFFFFFFFFFFFFFFF01 ";

    // 2024-01-01T00:00:00.5Z: 1704067200 s = 80 81 C8 AC 06, 500000000 ns = 80 CA B5 EE 01
    const string Time = "12 0C 08 8081C8AC06 10 80CAB5EE01 ";
    static readonly DateTimeOffset s_time = new(2024, 1, 1, 0, 0, 0, 500, TimeSpan.Zero);

    [Fact]
    public void OrchestratorStarted_is_field_14() =>
        Golden(new OrchestratorStarted { Timestamp = s_time }, MinusOne + Time + "72 00");

    [Fact]
    public void TaskCompleted_is_field_7_with_a_wrapped_result() =>
        Golden(
            new TaskCompleted { Timestamp = s_time, TaskScheduledId = 300, Result = "ok" },
            MinusOne + Time + "3A 09 08 AC02 12 04 0A 02 6F6B");

    [Fact]
    public void Null_result_is_absent() =>
        Golden(new TaskCompleted { Timestamp = s_time, TaskScheduledId = 1 }, MinusOne + Time + "3A 02 08 01");

    [Fact]
    public void Empty_result_is_an_empty_wrapper() =>
        Golden(new TaskCompleted { Timestamp = s_time, TaskScheduledId = 1, Result = "" }, MinusOne + Time + "3A 04 08 01 12 00");

    [Fact]
    public void TaskScheduled_is_field_6_with_sorted_tags_and_our_effect_in_1001() =>
        Golden(
            new TaskScheduled
            {
                EventId = 2,
                Timestamp = s_time,
                Name = "T",
                Version = "1",
                Tags = new Dictionary<string, string> { ["b"] = "2", ["a"] = "" },
                Effect = new EffectIntent(EffectClass.AtMostOnce, "k", "w"),
            },
            "08 02 " + Time + "32 20 0A 01 54 12 03 0A 01 31 2A 03 0A 01 61 2A 06 0A 01 62 12 01 32 "
            + "CA3E 08 08 02 22 01 6B 1A 01 77");

    [Fact]
    public void ExecutionCompleted_is_field_4_with_failure_in_3() =>
        Golden(
            new ExecutionCompleted
            {
                EventId = 0,
                Timestamp = s_time,
                Status = OrchestrationStatus.Failed,
                Failure = new FailureDetails("E", "m", null, null, true),
            },
            Time + "22 0C 08 03 1A 08 0A 01 45 12 01 6D 28 01");

    [Fact]
    public void TimerFired_is_field_13() =>
        Golden(
            new TimerFired { Timestamp = s_time, FireAt = s_time, TimerId = 4 },
            MinusOne + Time + "6A 10 0A 0C 08 8081C8AC06 10 80CAB5EE01 10 04");

    [Fact]
    public void A_time_before_1970_has_positive_nanos() =>
        Golden(
            new OrchestratorStarted { EventId = 0, Timestamp = DateTimeOffset.UnixEpoch.AddMilliseconds(-500) },
            "12 11 08 FFFFFFFFFFFFFFFFFF01 10 80CAB5EE01 72 00");

    [Fact]
    public void ExecutionStarted_keeps_instance_parent_and_our_extras() =>
        Golden(
            new ExecutionStarted
            {
                Timestamp = s_time,
                Name = "N",
                InstanceId = "i",
                ExecutionId = "x",
                Parent = new ParentInstance("p", "y", 5),
                Generation = 2,
                IdentitySeed = "s",
            },
            MinusOne + Time + "1A 24 0A 01 4E 22 08 0A 01 69 12 03 0A 01 78 2A 0C 08 05 22 08 0A 01 70 12 03 0A 01 79 "
            + "C83E 02 D23E 03 0A 01 73");

    [Fact]
    public void A_row_is_version_flags_and_length_prefixed_events()
    {
        var row = HistoryCodec.Encode([new OrchestratorStarted { EventId = 0, Timestamp = DateTimeOffset.UnixEpoch }], 100);
        Assert.Equal("0100" + "04" + "1200" + "7200", Convert.ToHexString(row.Bytes.Span));
    }

    static void Golden(HistoryEvent e, string hex)
    {
        var expected = hex.Replace(" ", "", StringComparison.Ordinal);
        Assert.Equal(expected, Convert.ToHexString(HistoryCodec.EncodeOne(e)));
        EventAssert.Same(e is TaskScheduled s ? s : e, HistoryCodec.DecodeOne(Convert.FromHexString(expected)));
    }
}
