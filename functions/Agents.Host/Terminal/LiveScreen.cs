using Agents.Client.Progress;
using Agents.Client.Runs;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Agents.Host.Terminal;

/// <summary>Redraws one panel a few times a second.</summary>
sealed class LiveScreen : RunScreen
{
    const int ReasoningLines = 4;
    static readonly TimeSpan s_every = TimeSpan.FromMilliseconds(80);

    readonly string _title;
    readonly IAnsiConsole _console;
    readonly TimeProvider _clock;
    readonly CancellationTokenSource _stop = new();
    readonly Task _drawing;
    volatile RunProgress _progress = RunProgress.Empty;
    volatile string? _pause;

    public LiveScreen(string title, IAnsiConsole console, TimeProvider clock)
    {
        _title = title;
        _console = console;
        _clock = clock;
        _drawing = DrawAsync();
    }

    public override void On(RunEvent e, RunProgress after)
    {
        _progress = after;
        _pause = after.Status == RunStatuses.Paused ? _pause : null;
    }

    public override void OnPaused(string text) => _pause = text;

    IRenderable Now() => _pause is { } pause
        ? new Rows(Render(_progress, _title, _clock.GetUtcNow(), _console.Profile.Width), new Markup($"[yellow]{Markup.Escape(pause)}[/]"))
        : Render(_progress, _title, _clock.GetUtcNow(), _console.Profile.Width);

    async Task DrawAsync()
    {
        await Task.Yield();
        await _console.Live(Now()).StartAsync(async context =>
        {
            while (!_stop.IsCancellationRequested)
            {
                context.UpdateTarget(Now());
                await Task.Delay(s_every, _clock, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            context.UpdateTarget(Now());
        });
    }

    public static IRenderable Render(RunProgress p, string title, DateTimeOffset now, int width)
    {
        var inner = Math.Max(30, Math.Min(width, 110) - 6);
        var began = p.StartedAt ?? now;
        var rows = new List<IRenderable>
        {
            new Markup(
                $"[bold]step {p.Step}[/]{(p.StepsMax is { } max ? $" of {max}" : "")}   "
                + $"{p.ToolCalls} tool calls   {Figures.Time((p.EndedAt ?? now) - began)}"),
            new Markup($"[grey]tokens[/] {Figures.Tokens(p.Usage)}   [grey]cost[/] {Figures.Usd(p.CostUsd)}   [grey]model[/] {Markup.Escape(p.Model ?? "-")}"),
            new Markup(Tool(p, inner)),
        };
        if (p.Note is { } note)
        {
            rows.Add(new Markup($"[yellow]{Markup.Escape(Figures.Short(note, inner))}[/]"));
        }

        var (label, text) = p.Content.Length > 0 ? ("says", p.Content) : ("thinks", p.Reasoning);
        rows.Add(new Markup($"[grey]{label}[/]"));
        var lines = Figures.LastLines(text, inner, ReasoningLines);
        for (var i = 0; i < ReasoningLines; i++)
        {
            // Always as many lines: a panel that changes its height flickers.
            rows.Add(new Text(i < lines.Count ? lines[i] : " ", new Style(Color.Grey70)));
        }

        return new Panel(new Rows(rows))
        {
            Header = new PanelHeader($" {Markup.Escape(title)} · {Coloured(p.Status)} "),
            Border = BoxBorder.Rounded,
            Width = Math.Min(width, 110),
        };
    }

    static string Tool(RunProgress p, int width)
    {
        if (p.Pending is [var call, ..])
        {
            var more = p.Pending.Count > 1 ? $" [grey](+{p.Pending.Count - 1} more)[/]" : "";
            return $"[grey]tool[/] [aqua]{Markup.Escape(call.Tool)}[/] {Markup.Escape(Figures.Short(call.Arguments, width - call.Tool.Length - 18))}{more}";
        }

        return p.LastResult is { } last
            ? $"[grey]tool[/] [aqua]{Markup.Escape(last.Tool)}[/] {(last.IsError ? "[red]error[/]" : "[green]ok[/]")} "
                + $"[grey]{Markup.Escape(Figures.Short(p.LastCall?.Arguments ?? last.Result, width - last.Tool.Length - 14))}[/]"
            : "[grey]tool[/] -";
    }

    public static string Coloured(string status) => status switch
    {
        RunStatuses.Completed => $"[green]{status}[/]",
        RunStatuses.Failed or RunStatuses.Parked or RunStatuses.InDoubt => $"[red]{status}[/]",
        RunStatuses.Paused or RunStatuses.Stopped or RunStatuses.Cancelled => $"[yellow]{status}[/]",
        _ => $"[aqua]{status}[/]",
    };

    public override async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _drawing;
        _stop.Dispose();
    }
}
