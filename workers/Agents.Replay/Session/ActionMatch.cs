using System.Globalization;
using Agents.Contracts.Actions;
using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Contracts.Instances;

namespace Agents.Replay.Session;

/// <summary>Compares what the code asked for with what history says it asked for, and words the first difference.</summary>
internal static class ActionMatch
{
    /// <summary>One difference: what history has, what the code asked for. Null everywhere means equal.</summary>
    public readonly record struct Difference(string Expected, string Actual);

    public static Difference? Compare(HistoryEvent e, PendingAction pending) => (e, pending.Action) switch
    {
        (TaskScheduled h, ScheduleTaskAction a) =>
            Field(h, a, "name", h.Name, a.Name)
            ?? Field(h, a, "version", NoneIfEmpty(h.Version), NoneIfEmpty(a.Version))
            ?? Field(h, a, "input", h.Input, a.Input)
            ?? (h.Effect == a.Effect ? null : Field(h, a, "effect", Describe(h.Effect), Describe(a.Effect))),
        (TimerCreated h, CreateTimerAction a) =>
            h.FireAt == a.FireAt ? null : Field(h, a, "time", Describe(h.FireAt), Describe(a.FireAt)),
        (SubOrchestrationInstanceCreated h, CreateSubOrchestrationAction a) =>
            Field(h, a, "name", h.Name, a.Name)
            ?? Field(h, a, "instance", h.InstanceId, a.InstanceId)
            ?? (pending.VersionIsDefault ? null : Field(h, a, "version", NoneIfEmpty(h.Version), NoneIfEmpty(a.Version)))
            ?? Field(h, a, "input", h.Input, a.Input),
        (EventSent h, SendEventAction a) =>
            Field(h, a, "name", h.Name, a.Name)
            ?? Field(h, a, "target", h.InstanceId, a.InstanceId)
            ?? Field(h, a, "input", h.Input, a.Input),
        (ExecutionCompleted h, CompleteOrchestrationAction a) => CompareCompletion(h, a),
        _ => new Difference(Describe(e), Describe(pending.Action)),
    };

    public static string Describe(HistoryEvent e) => e switch
    {
        TaskScheduled h => $"activity '{h.Name}' #{h.EventId}",
        TimerCreated h => $"timer #{h.EventId} at {Describe(h.FireAt)}",
        SubOrchestrationInstanceCreated h => $"sub-orchestration '{h.Name}' #{h.EventId}",
        EventSent h => $"event '{h.Name}' #{h.EventId} to '{h.InstanceId}'",
        ExecutionCompleted h => $"completion #{h.EventId} as {h.Status}",
        _ => e.GetType().Name,
    };

    public static string Describe(OrchestratorAction action) => action switch
    {
        ScheduleTaskAction a => $"activity '{a.Name}' #{a.Id}",
        CreateTimerAction a => $"timer #{a.Id} at {Describe(a.FireAt)}",
        CreateSubOrchestrationAction a => $"sub-orchestration '{a.Name}' #{a.Id}",
        SendEventAction a => $"event '{a.Name}' #{a.Id} to '{a.InstanceId}'",
        CompleteOrchestrationAction a => $"completion #{a.Id} as {a.Status}",
        _ => $"{action.GetType().Name} #{action.Id}",
    };

    static Difference? CompareCompletion(ExecutionCompleted h, CompleteOrchestrationAction a) =>
        Field(h, a, "status", h.Status.ToString(), a.Status.ToString())
        // The next generation holds its input; the ended one need not repeat it.
        ?? (h is { Status: OrchestrationStatus.ContinuedAsNew, Result: null } ? null
            : Field(h, a, "result", h.Result, a.Result))
        ?? Field(h, a, "failure type", h.Failure?.ErrorType, a.Failure?.ErrorType)
        // Which broken rule shows first depends on the foreign thread, not on history. Stack traces never count.
        ?? (h.Failure?.ErrorType == Rules.RuleBroken ? null
            : Field(h, a, "failure message", h.Failure?.ErrorMessage, a.Failure?.ErrorMessage));

    static Difference? Field(HistoryEvent e, OrchestratorAction a, string field, string? expected, string? actual)
    {
        if (string.Equals(expected, actual, StringComparison.Ordinal))
        {
            return null;
        }

        if (field is "name")
        {
            return new Difference(Describe(e), Describe(a));
        }

        var at = FirstDifference(expected, actual);
        return new Difference(
            $"{Describe(e)} with {field} {Excerpt(expected, at)}",
            $"{Describe(a)} with {field} {Excerpt(actual, at)}");
    }

    static int FirstDifference(string? a, string? b)
    {
        return a is null || b is null ? 0 : a.AsSpan().CommonPrefixLength(b);
    }

    // One line for a person: a little of what both share, then where they part.
    static string Excerpt(string? text, int at)
    {
        const int SharedMax = 24;
        const int ShownMax = 96;
        if (text is null)
        {
            return "none";
        }

        var from = at <= SharedMax ? 0 : at - SharedMax;
        var length = Math.Min(ShownMax, text.Length - from);
        var shown = string.Create(length, (text, from), static (span, s) =>
        {
            for (var i = 0; i < span.Length; i++)
            {
                var c = s.text[s.from + i];
                span[i] = char.IsControl(c) ? ' ' : c;
            }
        });
        var head = from > 0 ? $"from character {from.ToString(CultureInfo.InvariantCulture)} …" : "";
        return $"{head}'{shown}'{(from + length < text.Length ? "…" : "")}";
    }

    static string? NoneIfEmpty(string? version) => string.IsNullOrEmpty(version) ? null : version;

    static string Describe(DateTimeOffset time) => time.UtcDateTime.ToString("o", CultureInfo.InvariantCulture);

    static string? Describe(EffectIntent? effect) => effect is null ? null : $"{effect.Class} {effect.Tool} {effect.Key}";
}
