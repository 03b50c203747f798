using Agents.Client.Runs;
using Spectre.Console;

namespace Agents.Host.Terminal;

/// <summary>What is printed when a run has ended, or stands still: result, cost, slowest step, three next commands.</summary>
static class RunReport
{
    const int AnswerCharactersMax = 4_000;

    public static void Print(IAnsiConsole console, RunView view, string dataDirectory, DateTimeOffset now)
    {
        console.WriteLine();
        var table = new Grid().AddColumn(new GridColumn().NoWrap()).AddColumn();
        void Row(string label, string markup) => table.AddRow($"[grey]{label}[/]", markup);
        Row("run", $"[bold]{Markup.Escape(view.Run)}[/]  {Markup.Escape(view.Name)}");
        Row("status", LiveScreen.Coloured(view.Status)
            + (view.StopReason is { } reason ? $" ({Markup.Escape(reason)})" : "")
            + (view.Detail is { } detail ? $": {Markup.Escape(detail)}" : ""));
        Row("steps", $"{view.Steps}{(view.StepsMax is { } max ? $" of {max}" : "")}, {view.ToolCalls} tool calls, {Figures.Time((view.EndedAt ?? now) - view.CreatedAt)}");
        Row("tokens", $"{Figures.Tokens(view.Usage)}");
        Row("cost", $"{Figures.Usd(view.CostUsd)}   [grey]model[/] {Markup.Escape(view.Model ?? "-")}");
        if (view.Slowest is { } slowest)
        {
            Row("slowest", $"step {slowest.Step}, {Figures.Time(TimeSpan.FromMilliseconds(slowest.Milliseconds))}");
        }

        foreach (var call in view.Pending.Where(p => p.Waits is not null))
        {
            Row("held up", $"[yellow]{Markup.Escape(call.Waits!)}[/] [grey](tool {Markup.Escape(call.Tool)})[/]");
        }

        foreach (var entry in view.InDoubt)
        {
            Row("in doubt", $"[red]{Markup.Escape(entry.Tool)}[/] {entry.Key[..12]}… since {entry.IntentAt:u}");
        }

        if (view.Out is { } output && Directory.Exists(output))
        {
            Row("outputs", Markup.Escape(output));
        }

        if (view.Answer is { } answer)
        {
            Row("answer", Markup.Escape(answer.Length > AnswerCharactersMax ? answer[..AnswerCharactersMax] + "…" : answer));
        }

        foreach (var line in console.ToAnsi(table).TrimEnd().Split('\n'))
        {
            console.Profile.Out.Writer.WriteLine(line.TrimEnd()); // the grid fills its column, which nobody wants in a file
        }

        console.MarkupLine("[grey]next[/]");
        var next = Next(view, dataDirectory);
        var width = next.Max(n => n.Command.Length);
        foreach (var (command, why) in next)
        {
            // Written as it is: a wrapped line could not be copied.
            console.Profile.Out.Writer.WriteLine($"  {command.PadRight(width)}  # {why}");
        }
    }

    public static IReadOnlyList<(string Command, string Why)> Next(RunView view, string dataDirectory)
    {
        string With(string verb, string more = "") => Commands.With(verb, view.Run, dataDirectory) + more;
        return view.Status switch
        {
            RunStatuses.InDoubt =>
            [
                (With("resolve", $" --key {view.InDoubt.FirstOrDefault()?.Key[..12]} --happened RESULT"), "it happened, with this result"),
                (With("resolve", $" --key {view.InDoubt.FirstOrDefault()?.Key[..12]} --did-not-happen"), "it did not: run it"),
                (Commands.Resume(view.Run, dataDirectory), "then go on"),
            ],
            RunStatuses.Paused or RunStatuses.Parked or RunStatuses.Running or RunStatuses.Pending =>
            [
                (Commands.Resume(view.Run, dataDirectory), "go on where it stands"),
                (With("show"), "where it stands"),
                (With("cancel"), "end it"),
            ],
            RunStatuses.Failed =>
            [
                (With("history"), "what happened, event by event"),
                (With("rewind"), "go back before the failure and try again"),
                (With("replay"), "check that code and history agree"),
            ],
            _ =>
            [
                (With("show"), "all of it again"),
                (With("history"), "what happened, event by event"),
                (With("replay"), "run the orchestrator against its history, offline"),
            ],
        };
    }
}
