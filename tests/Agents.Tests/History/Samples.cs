using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using CsCheck;

namespace Agents.Tests.History;

/// <summary>Events: one rich and one bare of every type, and a generator of any of them.</summary>
internal static class Samples
{
    const string Execution = "0123456789abcdef0123456789abcdef";

    public static HistoryEvent[] OfEveryType(DateTimeOffset at) => [.. Rich("text", 1, at), .. Rich(null, 0, DateTimeOffset.UnixEpoch)];

    public static Gen<HistoryEvent> Event { get; } = Gen.Select(
        Gen.Int[0, 16],
        Gen.OneOf(Gen.Const((string?)null), Gen.String.Cast<string?>(), Gen.String[Gen.Char, 0, 60].Cast<string?>()),
        Gen.Int,
        Gen.Long[DateTime.MinValue.Ticks, DateTime.MaxValue.Ticks],
        (type, text, number, ticks) => Rich(text, number, new DateTimeOffset(ticks, TimeSpan.Zero))[type]);

    static Gen<string?> Cast<T>(this Gen<string> gen) => gen.Select(text => (string?)text);

    static HistoryEvent[] Rich(string? text, int number, DateTimeOffset at)
    {
        var plain = text ?? "";
        var tags = text is null ? null : new Dictionary<string, string> { ["b"] = plain, ["a"] = "", [plain] = "x" };
        var failure = new FailureDetails(
            "Type", plain, text, text is null ? null : new FailureDetails("Inner", "", null, null, false), number % 2 == 0);
        return
        [
            new OrchestratorStarted { Timestamp = at },
            new OrchestratorStarted { Timestamp = at, Span = new OrchestrationSpan(plain, number % 2 == 0 ? null : at) },
            Started(text, number, at, tags),
            new ExecutionCompleted
            {
                EventId = number, Timestamp = at, Status = (OrchestrationStatus)(number & 3), Result = text,
                Failure = text is null ? null : failure,
            },
            new ExecutionTerminated { Timestamp = at, Input = text, Recurse = number % 2 == 0 },
            Scheduled(text, number, at, tags),
            new TaskCompleted { Timestamp = at, TaskScheduledId = number, Result = text },
            new TaskFailed { Timestamp = at, TaskScheduledId = number, Failure = failure },
            new SubOrchestrationInstanceCreated
            {
                EventId = number, Timestamp = at, InstanceId = plain, Name = plain, Version = text, Input = text, Tags = tags,
            },
            new SubOrchestrationInstanceCompleted { Timestamp = at, TaskScheduledId = number, Result = text },
            new SubOrchestrationInstanceFailed { Timestamp = at, TaskScheduledId = number, Failure = failure },
            new TimerCreated { EventId = number, Timestamp = at, FireAt = at },
            new TimerFired { Timestamp = at, FireAt = at, TimerId = number },
            new EventSent { EventId = number, Timestamp = at, InstanceId = plain, Name = plain, Input = text },
            new EventRaised { Timestamp = at, Name = plain, Input = text },
            new ExecutionSuspended { Timestamp = at, Reason = text },
            new ExecutionResumed { Timestamp = at, Reason = text },
            new ExecutionRewound { Timestamp = at, Reason = text, ParentExecutionId = text },
        ];
    }

    static ExecutionStarted Started(
        string? text, int number, DateTimeOffset at, IReadOnlyDictionary<string, string>? tags) => new()
    {
        Timestamp = at,
        Name = text ?? "",
        Version = text,
        Input = text,
        InstanceId = text ?? "",
        ExecutionId = Execution,
        Parent = text is null ? null : new ParentInstance("parent", Execution, number, text, null),
        ScheduledStart = text is null ? null : at,
        Trace = text is { Length: > 0 } ? new TraceLink(text) : null,
        Tags = tags,
        Generation = number,
        IdentitySeed = text,
    };

    static TaskScheduled Scheduled(
        string? text, int number, DateTimeOffset at, IReadOnlyDictionary<string, string>? tags) => new()
    {
        EventId = number,
        Timestamp = at,
        Name = text ?? "",
        Version = text,
        Input = text,
        Tags = tags,
        Effect = text is null ? null : new EffectIntent(
            (EffectClass)(number & 1), number % 2 == 0 ? text : Execution + Execution, text),
    };
}
