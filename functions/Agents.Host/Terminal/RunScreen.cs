using Agents.Client.Progress;
using Agents.Client.Runs;

namespace Agents.Host.Terminal;

/// <summary>Shows a run while it is followed. The quiet one shows nothing.</summary>
class RunScreen : IAsyncDisposable
{
    public static readonly RunScreen Quiet = new();

    /// <summary>Called in order, after the fold took the event in.</summary>
    public virtual void On(RunEvent e, RunProgress after)
    {
    }

    public virtual ValueTask DisposeAsync() => default;
}

/// <summary>One line for each thing that happens: for pipes, logs and terminals that cannot redraw.</summary>
sealed class PlainScreen(TextWriter to) : RunScreen
{
    const int ArgumentCharactersMax = 100;

    public override void On(RunEvent e, RunProgress after)
    {
        var line = e switch
        {
            RunEvent.Status { Note: { } note } s => $"{Place(s.Step, after)}  {s.State}: {Figures.Short(note, 160)}",
            RunEvent.ToolCall c => $"{Place(c.Step, after)}  {c.Tool} {Figures.Short(c.Arguments, ArgumentCharactersMax)}",
            RunEvent.ToolResult { IsError: true } r => $"{Place(r.Step, after)}  {r.Tool} failed: {Figures.Short(r.Result, 160)}",
            RunEvent.Retract r => $"{Place(r.Step, after)}  attempt {r.Attempt} is void",
            RunEvent.Done d => $"{d.State}: {d.End.StopReason} after {d.End.Steps} steps and {d.End.ToolCalls} tool calls",
            _ => null,
        };
        if (line is not null)
        {
            to.WriteLine(line);
        }
    }

    static string Place(int step, RunProgress p) => p.StepsMax is { } max ? $"step {step}/{max}" : $"step {step}";
}
