using Agents.Client.Runs;
using Agents.Host.Composition;
using Agents.Host.Terminal;

namespace Agents.Host.Verbs;

/// <summary>cancel, pause, steer, resolve, and fork, rewind, restart, purge: verbs that say something to a run.</summary>
static class CommandVerbs
{
    public static async Task<int> SendAsync(VerbContext context, string verb, string name, RunCommand command, string said)
    {
        await using var keeper = new DoorKeeper(await context.OpenAsync());
        var view = await keeper.ReadAsync(context, d => RunNames.FindAsync(d, name, context.Stop));
        var outcome = await keeper.SendAsync(context, d => d.Runs.SendAsync(view.Run, command, dedupKey: null, context.Stop));
        var door = keeper.Current;
        if (outcome.Result == CommandResult.NotFound)
        {
            throw new RunFaultException(Faults.RunNotFound, $"there is no run '{name}'", door.Place, "agents runs lists them");
        }

        if (outcome.Result != CommandResult.Accepted)
        {
            throw new RunFaultException(
                Faults.CommandRefused, outcome.Why ?? "does not apply", view.Run, $"agents show {view.Run} says how it stands");
        }

        var note = door.Remote || door.Shared ? null : $"stored; it takes effect when the run is hosted again: {Commands.Resume(view.Run, door.Place)}";
        return Say(context, new CommandLineAnswer(view.Run, verb, Accepted: true, Note: note), said);
    }

    public static async Task<int> ArchiveAsync(
        VerbContext context, string verb, string name, Func<IRunArchive, string, Task<ArchiveOutcome>> ask, Func<ArchiveOutcome, string> said)
    {
        await using var keeper = new DoorKeeper(await context.OpenAsync());
        var view = await keeper.ReadAsync(context, d => RunNames.FindAsync(d, name, context.Stop));
        var outcome = await keeper.SendAsync(context, d => ask(d.Archive, view.Run));
        var door = keeper.Current;
        if (!outcome.Done)
        {
            throw new RunFaultException(
                Faults.CommandRefused, outcome.Refusal ?? "does not apply", view.Run, $"agents show {view.Run} says how it stands");
        }

        string?[] notes = [Next(door, outcome, verb), await SharedAsync(context, keeper, view, outcome, verb)];
        var note = string.Join('\n', notes.Where(n => n is not null));
        return Say(
            context, new CommandLineAnswer(view.Run, verb, Accepted: true, outcome.Run, note.Length == 0 ? null : note), said(outcome));
    }

    /// <summary>What a new run has in common with the one it came from, where that may surprise.</summary>
    static async Task<string?> SharedAsync(VerbContext context, DoorKeeper keeper, RunView from, ArchiveOutcome outcome, string verb)
    {
        if (verb is not ("fork" or "restart") || outcome.Run is null
            || await keeper.ReadAsync(context, d => d.Runs.GetAsync(outcome.Run, context.Stop)) is not { } made)
        {
            return null;
        }

        string?[] shared =
        [
            made.Out is { } output && output == from.Out ? $"it writes to where {from.Run} writes: {output}"
                : verb == "fork" ? $"it writes to a folder of its own, which begins empty: {made.Out}" : null,
        ];
        return shared.Any(s => s is not null) ? string.Join('\n', shared.Where(s => s is not null)) : null;
    }

    static string? Next(Door door, ArchiveOutcome outcome, string verb) => verb switch
    {
        "purge" => outcome.Refusal,
        _ when door.Remote || door.Shared || outcome.Run is null => null,
        _ => $"it goes on when it is hosted: {Commands.Resume(outcome.Run, door.Place)}",
    };

    static int Say(VerbContext context, CommandLineAnswer answer, string said)
    {
        if (context.Json)
        {
            context.PrintJson(answer, HostJson.Plain.CommandLineAnswer);
        }
        else
        {
            context.Out.WriteLine(said);
            if (answer.Note is { } note)
            {
                context.Out.WriteLine(note);
            }
        }

        return ExitCodes.Ok;
    }
}
