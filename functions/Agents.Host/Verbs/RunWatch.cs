using System.Net.Sockets;
using Agents.Client.Runs;
using Agents.Host.Composition;
using Agents.Host.Terminal;
using Spectre.Console;

namespace Agents.Host.Verbs;

/// <summary>The way to the runs while it may change hands.</summary>
sealed class DoorKeeper(Door door) : IAsyncDisposable
{
    const int TriesMax = 5;

    public Door Current { get; private set; } = door;

    /// <summary>Asks what may be asked again: a host that is just leaving must not fail a question.</summary>
    public Task<T> ReadAsync<T>(VerbContext context, Func<Door, Task<T>> ask, bool host = false) =>
        TryAsync(context, ask, host, e => e.Code == Faults.HostGone);

    /// <summary>Asks what must not be asked twice: tried again only where nobody was reached.</summary>
    public Task<T> SendAsync<T>(VerbContext context, Func<Door, Task<T>> ask, bool host = false) =>
        TryAsync(context, ask, host, e => e.Code == Faults.HostGone && e.InnerException?.InnerException is SocketException);

    async Task<T> TryAsync<T>(VerbContext context, Func<Door, Task<T>> ask, bool host, Func<RunFaultException, bool> again)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await ask(Current);
            }
            catch (RunFaultException e) when (Current.Remote && tries < TriesMax && again(e))
            {
                await (host ? HostAsync(context) : LookAsync(context));
            }
        }
    }

    public async Task HostAsync(VerbContext context)
    {
        var next = await context.HostAsync();
        await Current.DisposeAsync();
        Current = next;
    }

    /// <summary>As <see cref="HostAsync"/>, and runs nothing.</summary>
    public async Task LookAsync(VerbContext context)
    {
        await Current.DisposeAsync();
        Current = await context.OpenAsync();
    }

    public ValueTask DisposeAsync() => Current.DisposeAsync();
}

/// <summary>
/// Watches one run on the terminal and says how it ended. With <paramref name="takeOver"/>, when the process that hosts
/// the run goes away, this one hosts it from there on: whoever waits for a run keeps it going.
/// </summary>
sealed class RunWatch(VerbContext context, DoorKeeper keeper, bool takeOver)
{
    public async Task<int> UntilEndAsync(string run, string name)
    {
        if (!context.Json)
        {
            context.Out.WriteLine($"run {run}");
        }

        Followed followed;
        await using (var screen = Screen($"{name} {run[..Math.Min(8, run.Length)]}"))
        {
            followed = await FollowAsync(run, new RunFollower(screen, context.Clock));
        }

        return Say(run, followed);
    }

    public async Task<Followed> FollowAsync(string run, RunFollower follower)
    {
        while (true)
        {
            try
            {
                return await follower.FollowAsync(keeper.Current, run, context.Stop);
            }
            catch (RunFaultException e) when (keeper.Current.Remote && e.Code == Faults.HostGone && !context.Stop.IsCancellationRequested)
            {
                if (!takeOver)
                {
                    await LookAgainAsync(run, e);
                    continue;
                }

                await keeper.HostAsync(context);
                context.Note(keeper.Current.Hosts ? "the process that hosted the run stopped: hosting it here" : "another process hosts the run now");
            }
        }
    }

    /// <summary>A host that leaves because the run has ended has said everything to the store, if not to us.</summary>
    async Task LookAgainAsync(string run, RunFaultException gone)
    {
        await keeper.LookAsync(context);
        if (!keeper.Current.Remote
            && await keeper.Current.Runs.GetAsync(run, context.Stop) is { } view && !RunStatuses.IsEnded(view.Status))
        {
            throw gone;
        }
    }

    int Say(string run, Followed followed)
    {
        if (followed.View is not { } view)
        {
            throw new RunFaultException(Faults.RunNotFound, $"the run {run} was removed meanwhile", keeper.Current.Place);
        }

        if (context.Json)
        {
            context.PrintJson(RunLine.Of(view, context.Now, keeper.Current.Place), HostJson.Plain.RunLine);
        }
        else if (!followed.Stopped)
        {
            RunReport.Print(AnsiConsole.Console, view, keeper.Current.Place, context.Now);
        }
        else
        {
            PrintStopped(view);
        }

        return followed.Stopped ? ExitCodes.Unfinished : ExitCodes.Of(view);
    }

    void PrintStopped(RunView view)
    {
        context.Out.WriteLine();
        context.Out.WriteLine(keeper.Current.Hosts
            ? $"stopped hosting at step {view.Steps}; the run is unfinished and nothing is lost. Go on with:"
            : $"stopped watching at step {view.Steps}; the run goes on where it is hosted. Watch it again with:");
        context.Out.WriteLine(keeper.Current.Hosts
            ? $"  {Commands.Resume(view.Run, keeper.Current.Place)}"
            : $"  {Commands.With("watch", view.Run, keeper.Current.Place)}");
    }

    RunScreen Screen(string title)
    {
        if (context.Json)
        {
            return RunScreen.Quiet;
        }

        return !Console.IsOutputRedirected && AnsiConsole.Profile.Capabilities.Interactive
            ? new LiveScreen(title, AnsiConsole.Console, context.Clock)
            : new PlainScreen(context.Out);
    }
}
