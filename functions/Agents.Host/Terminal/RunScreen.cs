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

    /// <summary>The run stands still until a person lifts its pause; said once, also where only JSON is on the output stream.</summary>
    public virtual void OnPaused(string text) => Console.Error.WriteLine(text);

    public virtual ValueTask DisposeAsync() => default;
}

/// <summary>Every event of the stream, one line of JSON each.</summary>
sealed class JsonScreen(TextWriter to) : RunScreen
{
    public override void On(RunEvent e, RunProgress after) =>
        to.WriteLine($$"""{"id":"{{e.Offset}}","event":"{{RunEventJson.NameOf(e)}}","data":{{RunEventJson.Write(e)}}}""");
}

/// <summary>One line for each thing that happens: for pipes, logs and terminals that cannot redraw.</summary>
sealed class PlainScreen(TextWriter to) : RunScreen
{
    const int ArgumentCharactersMax = 100;

    string? _voided;

    public override void On(RunEvent e, RunProgress after)
    {
        if (e is RunEvent.Retract)
        {
            // Said only where nothing else tells why: after a crash.
            _voided = Line(e, after);
            return;
        }

        if (_voided is not null && e is not RunEvent.Status { Note: { Length: > 0 } })
        {
            to.WriteLine(_voided);
        }

        _voided = null;
        if (Line(e, after) is { } line)
        {
            to.WriteLine(line);
        }
    }

    public override void OnPaused(string text) => to.WriteLine(text);

    static string? Line(RunEvent e, RunProgress after) => e switch
    {
        RunEvent.Status { Note: { } note } s => $"{Place(s.Step, after)}  {s.State}: {Figures.Short(note, 400)}",
        RunEvent.ToolCall c => $"{Place(c.Step, after)}  {c.Tool} {Figures.Short(c.Arguments, ArgumentCharactersMax)}",
        RunEvent.ToolResult { IsError: true } r => $"{Place(r.Step, after)}  {r.Tool} failed: {Figures.Short(r.Result, 240)}",
        RunEvent.Retract r => $"{Place(r.Step, after)}  attempt {r.Attempt} broke off; what it had said so far does not count",
        RunEvent.Done d => $"{d.State}: {d.End.StopReason} after {d.End.Steps} steps and {d.End.ToolCalls} tool calls",
        _ => null,
    };

    static string Place(int step, RunProgress p) => p.StepsMax is { } max ? $"step {step}/{max}" : $"step {step}";
}
