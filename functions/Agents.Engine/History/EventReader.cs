using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Contracts.Instances;

namespace Agents.Engine.History;

/// <summary>Reads one HistoryEvent. A type that this build does not know comes back as its bytes.</summary>
internal static class EventReader
{
    public static HistoryEvent Read(ReadOnlyMemory<byte> bytes, PayloadLookup payloads)
    {
        var eventId = 0;
        var timestamp = default(DateTimeOffset);
        HistoryEvent? found = null;
        var reader = new ProtoReader(bytes.Span, payloads);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case Fields.EventId:
                    eventId = reader.Int32;
                    break;
                case Fields.Timestamp:
                    timestamp = Time(reader.Message);
                    break;
                default:
                    found ??= Body(reader.Field, ref reader);
                    break;
            }
        }

        found ??= new UnknownHistoryEvent { Raw = bytes.ToArray() };
        return found with { EventId = eventId, Timestamp = timestamp };
    }

    static HistoryEvent? Body(int field, ref ProtoReader reader) => field switch
    {
        Fields.ExecutionStarted => StartedReader.Read(reader.Message),
        Fields.ExecutionCompleted => Completed(reader.Message),
        Fields.ExecutionTerminated => Terminated(reader.Message),
        Fields.TaskScheduled => Scheduled(reader.Message),
        Fields.TaskCompleted => TaskDone(reader.Message),
        Fields.TaskFailed => TaskFailed(reader.Message),
        Fields.SubOrchestrationInstanceCreated => ChildCreated(reader.Message),
        Fields.SubOrchestrationInstanceCompleted => ChildDone(reader.Message),
        Fields.SubOrchestrationInstanceFailed => ChildFailed(reader.Message),
        Fields.TimerCreated => new TimerCreated { FireAt = Timer(reader.Message).FireAt },
        Fields.TimerFired => Timer(reader.Message),
        Fields.OrchestratorStarted => StartedReader.Turn(reader.Message),
        Fields.EventSent => Sent(reader.Message),
        Fields.EventRaised => Raised(reader.Message),
        Fields.ExecutionSuspended => new ExecutionSuspended { Reason = FirstWrapped(reader.Message) },
        Fields.ExecutionResumed => new ExecutionResumed { Reason = FirstWrapped(reader.Message) },
        Fields.ExecutionRewound => Rewound(reader.Message),
        _ => null,
    };

    static ExecutionCompleted Completed(ProtoReader reader)
    {
        var e = new ExecutionCompleted { Status = OrchestrationStatus.Running };
        while (reader.Next())
        {
            e = reader.Field switch
            {
                1 => e with { Status = (OrchestrationStatus)reader.Int32 },
                2 => e with { Result = reader.Wrapped },
                3 => e with { Failure = Failure(reader.Message) },
                _ => e,
            };
        }

        return e;
    }

    static ExecutionTerminated Terminated(ProtoReader reader)
    {
        var e = new ExecutionTerminated();
        while (reader.Next())
        {
            e = reader.Field switch
            {
                1 => e with { Input = reader.Wrapped },
                2 => e with { Recurse = reader.Bool },
                _ => e,
            };
        }

        return e;
    }

    static TaskScheduled Scheduled(ProtoReader reader)
    {
        var (name, version, input) = ("", (string?)null, (string?)null);
        SortedDictionary<string, string>? tags = null;
        EffectIntent? effect = null;
        TraceLink? trace = null;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    name = reader.Text;
                    break;
                case 2:
                    version = reader.Wrapped;
                    break;
                case 3:
                    input = reader.Wrapped;
                    break;
                case 4:
                    trace = Trace(reader.Message);
                    break;
                case 5:
                    Tag(ref tags, reader.Message);
                    break;
                case Fields.Effect:
                    effect = Effect(reader.Message);
                    break;
            }
        }

        return new TaskScheduled { Name = name, Version = version, Input = input, Tags = tags, Effect = effect, Trace = trace };
    }

    static EffectIntent Effect(ProtoReader reader)
    {
        var effect = new EffectIntent(EffectClass.ReadOnly, "", "");
        while (reader.Next())
        {
            effect = reader.Field switch
            {
                1 => effect with { Class = (EffectClass)reader.Int32 },
                2 => effect with { Key = Convert.ToHexStringLower(reader.Bytes) },
                3 => effect with { Tool = reader.Text },
                4 => effect with { Key = reader.Text },
                _ => effect,
            };
        }

        return effect;
    }

    static TaskCompleted TaskDone(ProtoReader reader)
    {
        var (task, result) = Result(reader);
        return new TaskCompleted { TaskScheduledId = task, Result = result };
    }

    static SubOrchestrationInstanceCompleted ChildDone(ProtoReader reader)
    {
        var (task, result) = Result(reader);
        return new SubOrchestrationInstanceCompleted { TaskScheduledId = task, Result = result };
    }

    static (int Task, string? Result) Result(ProtoReader reader)
    {
        var (task, result) = (0, (string?)null);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    task = reader.Int32;
                    break;
                case 2:
                    result = reader.Wrapped;
                    break;
            }
        }

        return (task, result);
    }

    static TaskFailed TaskFailed(ProtoReader reader)
    {
        var (task, failure) = FailedResult(reader);
        return new TaskFailed { TaskScheduledId = task, Failure = failure };
    }

    static SubOrchestrationInstanceFailed ChildFailed(ProtoReader reader)
    {
        var (task, failure) = FailedResult(reader);
        return new SubOrchestrationInstanceFailed { TaskScheduledId = task, Failure = failure };
    }

    static (int Task, FailureDetails Failure) FailedResult(ProtoReader reader)
    {
        var (task, failure) = (0, new FailureDetails("", ""));
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    task = reader.Int32;
                    break;
                case 2:
                    failure = Failure(reader.Message);
                    break;
            }
        }

        return (task, failure);
    }

    static FailureDetails Failure(ProtoReader reader)
    {
        var failure = new FailureDetails("", "");
        while (reader.Next())
        {
            failure = reader.Field switch
            {
                1 => failure with { ErrorType = reader.Text },
                2 => failure with { ErrorMessage = reader.Text },
                3 => failure with { StackTrace = reader.Wrapped },
                4 => failure with { InnerFailure = Failure(reader.Message) },
                5 => failure with { IsNonRetriable = reader.Bool },
                Fields.Properties => failure with { Properties = reader.Wrapped },
                _ => failure,
            };
        }

        return failure;
    }

    static SubOrchestrationInstanceCreated ChildCreated(ProtoReader reader)
    {
        var e = new SubOrchestrationInstanceCreated { InstanceId = "", Name = "" };
        SortedDictionary<string, string>? tags = null;
        while (reader.Next())
        {
            if (reader.Field == 6)
            {
                Tag(ref tags, reader.Message);
                continue;
            }

            e = reader.Field switch
            {
                1 => e with { InstanceId = reader.Text },
                2 => e with { Name = reader.Text },
                3 => e with { Version = reader.Wrapped },
                4 => e with { Input = reader.Wrapped },
                5 => e with { Trace = Trace(reader.Message) },
                _ => e,
            };
        }

        return tags is null ? e : e with { Tags = tags };
    }

    static TimerFired Timer(ProtoReader reader)
    {
        var e = new TimerFired { TimerId = 0, FireAt = default };
        while (reader.Next())
        {
            e = reader.Field switch
            {
                1 => e with { FireAt = Time(reader.Message) },
                2 => e with { TimerId = reader.Int32 },
                _ => e,
            };
        }

        return e;
    }

    static EventSent Sent(ProtoReader reader)
    {
        var e = new EventSent { InstanceId = "", Name = "" };
        while (reader.Next())
        {
            e = reader.Field switch
            {
                1 => e with { InstanceId = reader.Text },
                2 => e with { Name = reader.Text },
                3 => e with { Input = reader.Wrapped },
                _ => e,
            };
        }

        return e;
    }

    static EventRaised Raised(ProtoReader reader)
    {
        var e = new EventRaised { Name = "" };
        while (reader.Next())
        {
            e = reader.Field switch
            {
                1 => e with { Name = reader.Text },
                2 => e with { Input = reader.Wrapped },
                _ => e,
            };
        }

        return e;
    }

    static ExecutionRewound Rewound(ProtoReader reader)
    {
        var e = new ExecutionRewound();
        while (reader.Next())
        {
            e = reader.Field switch
            {
                1 => e with { Reason = reader.Wrapped },
                2 => e with { ParentExecutionId = reader.Wrapped },
                _ => e,
            };
        }

        return e;
    }

    static string? FirstWrapped(ProtoReader reader)
    {
        string? text = null;
        while (reader.Next())
        {
            text = reader.Field == 1 ? reader.Wrapped : text;
        }

        return text;
    }

    internal static TraceLink Trace(ProtoReader reader)
    {
        var trace = new TraceLink("");
        while (reader.Next())
        {
            trace = reader.Field switch
            {
                1 => trace with { TraceParent = reader.Text },
                3 => trace with { TraceState = reader.Wrapped },
                _ => trace,
            };
        }

        return trace;
    }

    internal static void Tag(ref SortedDictionary<string, string>? tags, ProtoReader reader)
    {
        var (key, value) = ("", "");
        while (reader.Next())
        {
            (key, value) = reader.Field switch
            {
                1 => (reader.Text, value),
                2 => (key, reader.Text),
                _ => (key, value),
            };
        }

        tags ??= new SortedDictionary<string, string>(StringComparer.Ordinal);
        tags[key] = value;
    }

    internal static DateTimeOffset Time(ProtoReader reader)
    {
        var (seconds, nanos) = (0L, 0);
        while (reader.Next())
        {
            (seconds, nanos) = reader.Field switch
            {
                1 => (reader.Int64, nanos),
                2 => (seconds, reader.Int32),
                _ => (seconds, nanos),
            };
        }

        const long SecondsMin = -62_135_596_800, SecondsMax = 253_402_300_799;   // years 1 to 9999, as protobuf has it
        return seconds is >= SecondsMin and <= SecondsMax && nanos is >= 0 and < 1_000_000_000
            ? new DateTimeOffset(DateTime.UnixEpoch.Ticks + (seconds * TimeSpan.TicksPerSecond) + (nanos / 100), TimeSpan.Zero)
            : throw HistoryFault.Unreadable($"the time {seconds}.{nanos}");
    }
}
