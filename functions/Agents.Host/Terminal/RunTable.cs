using Agents.Client.Runs;
using Spectre.Console;

namespace Agents.Host.Terminal;

/// <summary>
/// Runs, one a line. In a narrow terminal columns are left out instead of wrapped: an id that is broken in two cannot be
/// copied.
/// </summary>
static class RunTable
{
    const string Gap = "  ";
    const int JobCharactersMax = 24;

    /// <summary>Heading, what stands below it, and how soon it is left out; 0 never is.</summary>
    sealed record Column(string Heading, Func<RunView, string> Text, int LeftOut = 0);

    public static void Write(IAnsiConsole console, IReadOnlyList<RunView> runs, DateTimeOffset now)
    {
        List<Column> columns =
        [
            new("run", r => r.Run), new("job", r => Figures.Short(r.Name, JobCharactersMax), 1), new("status", r => r.Status),
            new("steps", r => Figures.Count(r.Steps)), new("tool calls", r => Figures.Count(r.ToolCalls), 4),
            new("cost", r => Figures.Usd(r.CostUsd), 3), new("started", r => $"{Figures.Time(now - r.CreatedAt)} ago", 2),
        ];
        var widths = columns.ToDictionary(c => c, c => Math.Max(c.Heading.Length, runs.Max(r => (int?)c.Text(r).Length) ?? 0));
        while (columns.Sum(c => widths[c] + Gap.Length) > console.Profile.Width
            && columns.Where(c => c.LeftOut > 0).MaxBy(c => c.LeftOut) is { } least)
        {
            columns.Remove(least);
        }

        Line(console, columns, c => $"[grey]{c.Heading.PadRight(widths[c])}[/]");
        foreach (var run in runs)
        {
            Line(console, columns, c =>
            {
                var text = c.Text(run);
                var shown = c.Heading == "status" ? LiveScreen.Coloured(text) : Markup.Escape(text);
                return shown + new string(' ', widths[c] - text.Length);
            });
        }
    }

    // Straight to the writer: the console would break a line at its width.
    static void Line(IAnsiConsole console, IEnumerable<Column> columns, Func<Column, string> cell) =>
        console.Profile.Out.Writer.WriteLine(string.Join(Gap, columns.Select(c => console.ToAnsi(new Markup(cell(c)) { Overflow = Overflow.Fold }).TrimEnd('\n'))).TrimEnd());
}
