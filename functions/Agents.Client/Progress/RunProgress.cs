using Agents.Client.Runs;
using Agents.Contracts.Transcript;

namespace Agents.Client.Progress;

/// <summary>Where a run stands, folded from its stream. Used by the live view, `show` and the API alike.</summary>
public sealed record RunProgress
{
    public static readonly RunProgress Empty = new();

    public string Status { get; init; } = RunStatuses.Pending;
    public int Step { get; init; }
    public int? StepsMax { get; init; }
    public int ToolCalls { get; init; }
    public int ToolErrors { get; init; }
    public string? Model { get; init; }
    public TokenUsage Usage { get; init; } = new();
    public decimal? CostUsd { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? StepStartedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    public SlowestStep? Slowest { get; init; }

    /// <summary>The end of what the model has thought, in the last step that said anything.</summary>
    public string Reasoning { get; init; } = "";

    /// <summary>The end of what the model has said, in the last step that said anything.</summary>
    public string Content { get; init; } = "";

    /// <summary>Tool calls asked for and not answered, in the order asked.</summary>
    public IReadOnlyList<PendingCall> Pending { get; init; } = [];

    /// <summary>The last tool call answered, shown while nothing is pending.</summary>
    public RunEvent.ToolResult? LastResult { get; init; }

    /// <summary>The call that <see cref="LastResult"/> answers.</summary>
    public PendingCall? LastCall { get; init; }
    public string? Note { get; init; }
    public RunEnd? End { get; init; }

    /// <summary>Step and attempt that reasoning and content belong to.</summary>
    public (int Step, int Attempt) TextOf { get; init; }
}

/// <summary>The one fold from stream events to progress.</summary>
public static class RunFold
{
    /// <summary>Characters of reasoning and content that are kept for showing.</summary>
    public const int TextCharactersMax = 4_000;

    public static RunProgress Apply(RunProgress p, RunEvent e) => e switch
    {
        RunEvent.Status s => Apply(p, s),
        RunEvent.Reasoning r => Text(p, r.Step, r.Attempt) is var q ? q with { Reasoning = Tail(q.Reasoning, r.Text) } : p,
        RunEvent.Content c => Text(p, c.Step, c.Attempt) is var q ? q with { Content = Tail(q.Content, c.Text) } : p,
        RunEvent.Retract r when (r.Step, r.Attempt) == p.TextOf => p with { Reasoning = "", Content = "" },
        RunEvent.ToolCall c => p with
        {
            ToolCalls = p.ToolCalls + 1,
            Pending = [.. p.Pending, new PendingCall(c.Step, c.Call, c.Tool, c.Arguments)],
        },
        RunEvent.ToolResult r => p with
        {
            Pending = [.. p.Pending.Where(c => c.Step != r.Step || c.Call != r.Call)],
            LastResult = r,
            LastCall = p.Pending.FirstOrDefault(c => c.Step == r.Step && c.Call == r.Call),
            ToolErrors = p.ToolErrors + (r.IsError ? 1 : 0),
        },
        RunEvent.Usage u => p with
        {
            Usage = p.Usage + u.Tokens,
            CostUsd = u.CostUsd is { } cost ? (p.CostUsd ?? 0) + cost : p.CostUsd,
            Model = u.Model ?? p.Model,
        },
        RunEvent.Done d => Apply(p, d),
        _ => p,
    };

    static RunProgress Apply(RunProgress p, RunEvent.Status s)
    {
        var next = p with
        {
            Status = s.State,
            StepsMax = s.StepsMax ?? p.StepsMax,
            Note = s.Note,
            StartedAt = p.StartedAt ?? s.At,
        };
        return s.Step <= p.Step
            ? next
            : Close(next, s.At) with
            {
                Step = s.Step, StepStartedAt = s.At, Pending = [],
            };
    }

    static RunProgress Apply(RunProgress p, RunEvent.Done d) => Close(p, d.At) with
    {
        Status = d.State,
        EndedAt = d.At,
        End = d.End,
        Step = d.End.Steps,
        ToolCalls = d.End.ToolCalls,
        Usage = d.End.Usage,
        CostUsd = d.End.CostUsd,
        Model = d.End.Model ?? p.Model,
        Pending = [],
        Note = null,
    };

    // A step lasts until the next one begins: its tool calls are part of it.
    static RunProgress Close(RunProgress p, DateTimeOffset? at)
    {
        if (p.StepStartedAt is not { } began || at is not { } ended)
        {
            return p;
        }

        var took = (long)Math.Max(0, (ended - began).TotalMilliseconds);
        return p.Slowest is { } slowest && slowest.Milliseconds >= took
            ? p
            : p with { Slowest = new SlowestStep(p.Step, took) };
    }

    // Text of a later step or attempt replaces that of an earlier one, and not before: a reader wants something to read.
    static RunProgress Text(RunProgress p, int step, int attempt) => (step, attempt) == p.TextOf
        ? p
        : p with { TextOf = (step, attempt), Reasoning = "", Content = "" };

    static string Tail(string text, string more) =>
        text.Length + more.Length <= TextCharactersMax ? text + more : (text + more)[^TextCharactersMax..];
}
