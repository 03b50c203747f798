using Agents.Client.Progress;
using Agents.Client.Runs;
using Agents.Contracts.Client;
using Agents.Host.Composition;
using Agents.Host.Terminal;

namespace Agents.Host.Verbs;

/// <summary>
/// Follows a run until it has ended, waits for a person, or we are told to stop. <see cref="View"/> is how it stood
/// then; null when it could not be read any more.
/// </summary>
sealed record Followed(RunView? View, bool Stopped);

/// <summary>Feeds a run's stream through the one fold to a screen.</summary>
sealed class RunFollower(RunScreen screen, TimeProvider clock)
{
    static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);

    RunProgress _progress = RunProgress.Empty;
    StreamOffset? _seen;
    long _events;

    /// <summary>Called again with another door, it goes on where it was.</summary>
    public async Task<Followed> FollowAsync(Door door, string run, CancellationToken stop)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var watch = WatchForPersonAsync(door, run, enough);
        try
        {
            await ReadAsync(door, run, enough.Token);
        }
        catch (OperationCanceledException) when (enough.IsCancellationRequested)
        {
            // Told to stop, or a person is needed.
        }
        catch (Exception e) when (door.Remote && e is IOException or HttpRequestException)
        {
            throw HostGone(door, run, e);
        }
        finally
        {
            await enough.CancelAsync();
            await watch;
        }

        return await LookAsync(door, run, stop);
    }

    async Task ReadAsync(Door door, string run, CancellationToken cancel)
    {
        await foreach (var e in door.Runs.StreamAsync(run, _seen, cancel))
        {
            _progress = RunFold.Apply(_progress, e);
            _seen = e.Offset;
            Interlocked.Increment(ref _events);
            screen.On(e, _progress);
        }
    }

    static async Task<Followed> LookAsync(Door door, string run, CancellationToken stop)
    {
        try
        {
            var view = await door.Runs.GetAsync(run, CancellationToken.None);
            if (view is not null && !stop.IsCancellationRequested && view.Status is RunStatuses.Running or RunStatuses.Pending)
            {
                throw HostGone(door, run, null); // the stream ended and the run did not
            }

            return new Followed(view, stop.IsCancellationRequested && view is not null && !RunStatuses.IsEnded(view.Status));
        }
        catch (RunFaultException e) when (e.Code == Faults.HostGone)
        {
            throw HostGone(door, run, e);
        }
    }

    static RunFaultException HostGone(Door door, string run, Exception? why) => new(
        Faults.HostGone, "the process that hosts the run went away; the run is unfinished and nothing is lost",
        door.Place, Commands.Resume(run, door.Place), why);

    // A status that only a person can change, twice in a row with nothing said between. A pause is waited for, and said.
    async Task WatchForPersonAsync(Door door, string run, CancellationTokenSource enough)
    {
        var before = -1L;
        var times = 0;
        var paused = false;
        try
        {
            while (!enough.IsCancellationRequested)
            {
                await Task.Delay(s_look, clock, enough.Token);
                var events = Interlocked.Read(ref _events);
                times = events != before ? 0 : times;
                before = events;
                if (times == 0 && events == 0)
                {
                    continue;
                }

                var view = await door.Runs.GetAsync(run, enough.Token);
                if (view?.Status == RunStatuses.Paused && !paused)
                {
                    screen.OnPaused($"paused: nothing new is started until somebody lifts it: {Commands.Resume(run, door.Place)}");
                }

                paused = view?.Status == RunStatuses.Paused;
                times = view?.Status is RunStatuses.InDoubt or RunStatuses.Parked ? times + 1 : 0;
                if (times >= 2)
                {
                    await enough.CancelAsync();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The run ended first.
        }
        catch (RunFaultException)
        {
            // The host went away; the reader of the stream says so.
        }
    }
}
