using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Contracts.Instances;

namespace Agents.Engine.History;

/// <summary>
/// Writes events as the Durable Task protocol's HistoryEvent. With a sink, strings over its bound are stored apart and
/// a typed reference takes their place; a string is never interpreted. <paramref name="forWire"/>: lone surrogates are
/// replaced, as protobuf strings must be well-formed.
/// </summary>
internal readonly ref struct EventWriter(ProtoWriter output, PayloadSink? sink, bool withExtras, bool forWire)
{
    public void Write(HistoryEvent e)
    {
        if (e is UnknownHistoryEvent unknown)
        {
            output.Raw(unknown.Raw.Span);
            return;
        }

        output.Int32(Fields.EventId, e.EventId);
        Time(Fields.Timestamp, e.Timestamp);
        var mark = output.Begin(FieldOf(e));
        Body(e);
        output.End(mark);
    }

    static int FieldOf(HistoryEvent e) => e switch
    {
        ExecutionStarted => Fields.ExecutionStarted,
        ExecutionCompleted => Fields.ExecutionCompleted,
        ExecutionTerminated => Fields.ExecutionTerminated,
        TaskScheduled => Fields.TaskScheduled,
        TaskCompleted => Fields.TaskCompleted,
        TaskFailed => Fields.TaskFailed,
        SubOrchestrationInstanceCreated => Fields.SubOrchestrationInstanceCreated,
        SubOrchestrationInstanceCompleted => Fields.SubOrchestrationInstanceCompleted,
        SubOrchestrationInstanceFailed => Fields.SubOrchestrationInstanceFailed,
        TimerCreated => Fields.TimerCreated,
        TimerFired => Fields.TimerFired,
        OrchestratorStarted => Fields.OrchestratorStarted,
        EventSent => Fields.EventSent,
        EventRaised => Fields.EventRaised,
        ExecutionSuspended => Fields.ExecutionSuspended,
        ExecutionResumed => Fields.ExecutionResumed,
        ExecutionRewound => Fields.ExecutionRewound,
        _ => throw new NotSupportedException($"history event {e.GetType().Name} has no field number"),
    };

    void Body(HistoryEvent e)
    {
        switch (e)
        {
            case ExecutionStarted started:
                Started(started);
                break;
            case ExecutionCompleted completed:
                output.Int32(1, (int)completed.Status);
                Wrapped(2, completed.Result);
                Failure(3, completed.Failure);
                break;
            case ExecutionTerminated terminated:
                Wrapped(1, terminated.Input);
                output.Bool(2, terminated.Recurse);
                break;
            case TaskScheduled scheduled:
                Plain(1, scheduled.Name);
                Wrapped(2, scheduled.Version);
                Wrapped(3, scheduled.Input);
                Trace(4, scheduled.Trace);
                Tags(5, scheduled.Tags);
                Effect(scheduled.Effect);
                break;
            case TaskCompleted done:
                output.Int32(1, done.TaskScheduledId);
                Wrapped(2, done.Result);
                break;
            case TaskFailed failed:
                output.Int32(1, failed.TaskScheduledId);
                Failure(2, failed.Failure);
                break;
            case SubOrchestrationInstanceCreated child:
                Plain(1, child.InstanceId);
                Plain(2, child.Name);
                Wrapped(3, child.Version);
                Wrapped(4, child.Input);
                Trace(5, child.Trace);
                Tags(6, child.Tags);
                break;
            case SubOrchestrationInstanceCompleted done:
                output.Int32(1, done.TaskScheduledId);
                Wrapped(2, done.Result);
                break;
            case SubOrchestrationInstanceFailed failed:
                output.Int32(1, failed.TaskScheduledId);
                Failure(2, failed.Failure);
                break;
            default:
                RestOfBody(e);
                break;
        }
    }

    void RestOfBody(HistoryEvent e)
    {
        switch (e)
        {
            case TimerCreated timer:
                Time(1, timer.FireAt);
                break;
            case TimerFired timer:
                Time(1, timer.FireAt);
                output.Int32(2, timer.TimerId);
                break;
            case EventSent sent:
                Plain(1, sent.InstanceId);
                Plain(2, sent.Name);
                Wrapped(3, sent.Input);
                break;
            case EventRaised raised:
                Plain(1, raised.Name);
                Wrapped(2, raised.Input);
                break;
            case ExecutionSuspended suspended:
                Wrapped(1, suspended.Reason);
                break;
            case ExecutionResumed resumed:
                Wrapped(1, resumed.Reason);
                break;
            case ExecutionRewound rewound:
                Wrapped(1, rewound.Reason);
                Wrapped(2, rewound.ParentExecutionId);
                break;
            case OrchestratorStarted turn:
                Span(turn.Span);
                break;
        }
    }

    void Span(OrchestrationSpan? span)
    {
        if (span is null || !withExtras)
        {
            return;
        }

        var mark = output.Begin(Fields.Span);
        Wrapped(1, span.SpanId);
        if (span.StartedAt is { } at)
        {
            Time(2, at);
        }

        output.End(mark);
    }

    void Started(ExecutionStarted e)
    {
        Plain(1, e.Name);
        Wrapped(2, e.Version);
        Wrapped(3, e.Input);
        Instance(4, e.InstanceId, e.ExecutionId);
        if (e.Parent is { } parent)
        {
            var mark = output.Begin(5);
            output.Int32(1, parent.TaskScheduledId);
            Wrapped(2, parent.Name);
            Wrapped(3, parent.Version);
            Instance(4, parent.InstanceId, parent.ExecutionId);
            output.End(mark);
        }

        if (e.ScheduledStart is { } at)
        {
            Time(6, at);
        }

        Trace(7, e.Trace);
        Tags(9, e.Tags);
        if (withExtras)
        {
            output.Int32(Fields.Generation, e.Generation);
            Wrapped(Fields.IdentitySeed, e.IdentitySeed);
        }
    }

    void Effect(EffectIntent? effect)
    {
        if (effect is null || !withExtras)
        {
            return;
        }

        var mark = output.Begin(Fields.Effect);
        output.Int32(1, (int)effect.Class);
        Span<byte> key = stackalloc byte[32];
        if (IsLowerHex(effect.Key) && effect.Key.Length == 64
            && Convert.FromHexString(effect.Key, key, out _, out _) == System.Buffers.OperationStatus.Done)
        {
            output.Bytes(2, key);
        }
        else
        {
            Plain(4, effect.Key);
        }

        Plain(3, effect.Tool);
        output.End(mark);
    }

    static bool IsLowerHex(ReadOnlySpan<char> text) => !text.ContainsAnyExcept("0123456789abcdef");

    void Instance(int field, string instanceId, string executionId)
    {
        var mark = output.Begin(field);
        Plain(1, instanceId);
        Wrapped(2, executionId);
        output.End(mark);
    }

    void Trace(int field, TraceLink? trace)
    {
        if (trace is not null)
        {
            var mark = output.Begin(field);
            Plain(1, trace.TraceParent);
            Wrapped(3, trace.TraceState);
            output.End(mark);
        }
    }

    void Failure(int field, FailureDetails? failure)
    {
        if (failure is null)
        {
            return;
        }

        var mark = output.Begin(field);
        Plain(1, failure.ErrorType);
        Plain(2, failure.ErrorMessage);
        Wrapped(3, failure.StackTrace);
        Failure(4, failure.InnerFailure);
        output.Bool(5, failure.IsNonRetriable);
        if (withExtras)
        {
            Wrapped(Fields.Properties, failure.Properties);
        }

        output.End(mark);
    }

    /// <summary>Sorted by key, so that equal tags are equal bytes. No tags and an empty set are the same on the wire.</summary>
    void Tags(int field, IReadOnlyDictionary<string, string>? tags)
    {
        if (tags is null || tags.Count == 0)
        {
            return;
        }

        foreach (var (key, value) in tags.OrderBy(tag => tag.Key, StringComparer.Ordinal))
        {
            var mark = output.Begin(field);
            Plain(1, key);
            Plain(2, value);
            output.End(mark);
        }
    }

    /// <summary>google.protobuf.Timestamp, exact to the tick: a replayed clock must show what the hot one showed.</summary>
    void Time(int field, DateTimeOffset time)
    {
        var ticks = time.UtcTicks - DateTime.UnixEpoch.Ticks;
        var seconds = Math.DivRem(ticks, TimeSpan.TicksPerSecond, out var rest);
        if (rest < 0)
        {
            seconds--;
            rest += TimeSpan.TicksPerSecond;
        }

        var mark = output.Begin(field);
        output.UInt64(1, (ulong)seconds);
        output.Int32(2, (int)(rest * 100));
        output.End(mark);
    }

    void Plain(int field, string text)
    {
        text = forWire ? LosslessUtf8.WellFormed(text) : text;
        var length = LosslessUtf8.ByteCount(text);
        if (length > 0 && !StoredApart(field, text, length))
        {
            output.Text(field, text, length);
        }
    }

    /// <summary>google.protobuf.StringValue: null is left out, "" is an empty message.</summary>
    void Wrapped(int field, string? text)
    {
        if (text is null)
        {
            return;
        }

        text = forWire ? LosslessUtf8.WellFormed(text) : text;
        var length = LosslessUtf8.ByteCount(text);
        if (StoredApart(field, text, length))
        {
            return;
        }

        output.Tag(field, WireType.Bytes);
        if (length == 0)
        {
            output.Varint(0);
            return;
        }

        output.Varint((ulong)(1 + ProtoWriter.SizeOfVarint((ulong)length) + length));
        output.Text(1, text, length);
    }

    bool StoredApart(int field, string text, int length)
    {
        if (sink is null || length <= sink.BytesMax)
        {
            return false;
        }

        var mark = output.Begin(Fields.PayloadReference);
        output.Int32(1, field);
        output.Int32(2, length);
        output.Bytes(3, sink.Add(text).Span);
        output.End(mark);
        return true;
    }
}
