using Agents.Client.Runs;
using Agents.Host.Composition;
using Agents.Host.Terminal;

namespace Agents.Host.Verbs;

/// <summary>
/// agents resume: hosts what is unfinished and waits for it. With a run it also lifts that run's pause, or lets it try
/// again when it was parked; without one it lifts nothing.
/// </summary>
sealed record ResumeVerb(string? Run)
{
    const int RunsMax = 1000;

    public async Task<int> RunAsync(VerbContext context)
    {
        if (!context.Store.IsShared && !Directory.Exists(context.DataDirectory))
        {
            throw new RunFaultException(
                Faults.RunNotFound, "there is no data directory here, so there is nothing to resume", context.DataDirectory,
                "give --data or AGENTS_DATA");
        }

        await using var keeper = new DoorKeeper(await context.HostAsync());
        return Run is null ? await AllAsync(context, keeper) : await OneAsync(context, keeper, Run);
    }

    static async Task<int> OneAsync(VerbContext context, DoorKeeper keeper, string name)
    {
        var view = await keeper.ReadAsync(context, d => RunNames.FindAsync(d, name, context.Stop), host: true);
        if (view.Status is RunStatuses.Paused or RunStatuses.Parked)
        {
            var lifted = await keeper.SendAsync(
                context, d => d.Runs.SendAsync(view.Run, new RunCommand.Resume("agents resume"), null, context.Stop), host: true);
            if (lifted.Result == CommandResult.Refused)
            {
                throw new RunFaultException(Faults.CommandRefused, lifted.Why ?? "does not apply", view.Run, null);
            }
        }

        return await new RunWatch(context, keeper, takeOver: true).UntilEndAsync(view.Run, view.Name);
    }

    static async Task<int> AllAsync(VerbContext context, DoorKeeper keeper)
    {
        var worst = ExitCodes.Ok;
        var watched = 0;
        while (await keeper.ReadAsync(context, d => NextAsync(d, context.Stop), host: true) is { } view)
        {
            watched++;
            var code = await new RunWatch(context, keeper, takeOver: true).UntilEndAsync(view.Run, view.Name);
            worst = Math.Max(worst, code);
            if (context.Stop.IsCancellationRequested)
            {
                return worst;
            }
        }

        var unfinished = new RunFilter { Statuses = [RunStatuses.Paused, RunStatuses.InDoubt, RunStatuses.Parked], PageSize = RunsMax };
        var waiting = (await keeper.ReadAsync(context, d => d.Runs.ListAsync(unfinished, context.Stop), host: true)).Runs;
        foreach (var view in waiting)
        {
            context.Note($"{view.Run} {view.Status}: waits for a person ({RunReport.Next(view, context.Store.Place)[0].Command})");
        }

        if (watched == 0 && waiting.Count == 0)
        {
            context.Note("nothing is unfinished");
        }

        return waiting.Count > 0 ? Math.Max(worst, ExitCodes.NeedsPerson) : worst;
    }

    /// <summary>The oldest run that can go on by itself.</summary>
    static async Task<RunView?> NextAsync(Door door, CancellationToken cancel) =>
        (await door.Runs.ListAsync(
            new RunFilter { Statuses = [RunStatuses.Pending, RunStatuses.Running], PageSize = RunsMax }, cancel)).Runs.LastOrDefault();
}
