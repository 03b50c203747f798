using Agents.Client;
using Agents.Client.Progress;
using Agents.Client.Runs;
using Agents.Host.Terminal;
using Spectre.Console;

namespace Agents.Host.Verbs;

/// <summary>runs, show, watch, history: verbs that only look.</summary>
static class LookVerbs
{
    const int HistoryPage = 500;

    public static async Task<int> RunsAsync(VerbContext context, IReadOnlyList<string> statuses, string? name, int count)
    {
        if (statuses.FirstOrDefault(s => !RunStatuses.All.Contains(s)) is { } wrong)
        {
            throw new RunFaultException(
                Faults.Usage, $"'{wrong}' is not a status", "--status", $"one of {string.Join(", ", RunStatuses.All)}");
        }

        context.RefuseFile();
        if (!context.Store.IsShared && !Directory.Exists(context.DataDirectory))
        {
            context.Note($"no data directory at {context.DataDirectory}: no runs yet");
            return ExitCodes.Ok;
        }

        await using var keeper = new DoorKeeper(await context.OpenAsync());
        var page = await keeper.ReadAsync(
            context, d => d.Runs.ListAsync(new RunFilter { Statuses = statuses, Name = name, PageSize = count }, context.Stop));
        if (context.Json)
        {
            context.PrintJson(page, ClientJson.Plain.RunPage);
            return ExitCodes.Ok;
        }

        RunTable.Write(AnsiConsole.Console, page.Runs, context.Now);
        if (page.Next is not null)
        {
            context.Note($"the newest {page.Runs.Count}; more with --count");
        }

        return ExitCodes.Ok;
    }

    public static async Task<int> ShowAsync(VerbContext context, string? name)
    {
        await using var keeper = new DoorKeeper(await context.OpenAsync());
        var view = await keeper.ReadAsync(context, d => RunNames.FindAsync(d, name, context.Stop));
        var door = keeper.Current;
        if (context.Json)
        {
            context.PrintJson(view, ClientJson.Plain.RunView);
            return ExitCodes.Ok;
        }

        RunReport.Print(AnsiConsole.Console, view, door.Place, context.Now);
        foreach (var call in view.Pending)
        {
            context.Out.WriteLine($"  waits for: {call.Tool} {Figures.Short(call.Arguments, 120)}");
        }

        return ExitCodes.Ok;
    }

    public static async Task<int> WatchAsync(VerbContext context, string? name)
    {
        await using var keeper = new DoorKeeper(await context.OpenAsync());
        var door = keeper.Current;
        var view = await RunNames.FindAsync(door, name, context.Stop);
        if (!door.Remote && !door.Shared && !RunStatuses.IsEnded(view.Status))
        {
            throw new RunFaultException(
                Faults.CommandRefused, $"the run is {view.Status} and nobody hosts it, so nothing would happen", view.Run,
                Commands.Resume(view.Run, door.Place));
        }

        if (!context.Json)
        {
            return await new RunWatch(context, keeper, takeOver: false).UntilEndAsync(view.Run, view.Name);
        }

        var followed = await new RunWatch(context, keeper, takeOver: false).FollowAsync(
            view.Run, new RunFollower(new JsonScreen(context.Out), context.Clock));
        return followed.Stopped ? ExitCodes.Unfinished : ExitCodes.Of(followed.View ?? view);
    }

    public static RunFaultException NoGeneration(string run, int? asked, int generations) => new(
        Faults.RunNotFound, $"the run has no generation {asked}", run,
        generations <= 1 ? "it has one, number 0: leave --generation out" : $"it has 0 to {generations - 1}");

    public static async Task<int> HistoryAsync(VerbContext context, string? name, int? generation)
    {
        await using var door = await context.OpenAsync();
        var view = await RunNames.FindAsync(door, name, context.Stop);
        long? from = 0;
        while (from is { } at)
        {
            var page = await door.Archive.ReadHistoryAsync(view.Run, new HistoryFrom(generation, at, HistoryPage), context.Stop)
                ?? throw new RunFaultException(Faults.RunNotFound, "the run was removed meanwhile", view.Run);
            if (page.Execution is null)
            {
                throw NoGeneration(view.Run, generation, page.Generations);
            }

            foreach (var item in page.Events)
            {
                context.Out.WriteLine(context.Json
                    ? System.Text.Json.JsonSerializer.Serialize(item, ClientJson.Plain.HistoryItem)
                    : HistoryText.Line(item));
            }

            from = page.Next;
        }

        return ExitCodes.Ok;
    }
}
