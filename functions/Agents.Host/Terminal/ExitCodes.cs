using Agents.Client.Runs;

namespace Agents.Host.Terminal;

/// <summary>Exit codes; docs/command-line.md is the contract.</summary>
static class ExitCodes
{
    public const int Ok = 0;

    /// <summary>The run ended without an answer, or a check found something.</summary>
    public const int Failed = 1;

    /// <summary>Bad use or bad input.</summary>
    public const int Usage = 2;
    public const int NotFound = 3;

    /// <summary>The data directory, or the host, is not to be had.</summary>
    public const int Unavailable = 4;

    /// <summary>We stopped; the run is unfinished.</summary>
    public const int Unfinished = 5;

    /// <summary>The run waits for a person.</summary>
    public const int NeedsPerson = 6;

    /// <summary>A second Ctrl-C: left at once.</summary>
    public const int Interrupted = 130;

    public const string Help = """
        Exit codes:
          0    done; the run completed
          1    the run failed, stopped at a limit or was cancelled; a check found something
          2    bad use or bad input
          3    no such run
          4    the data directory or its host is not to be had
          5    stopped while the run is unfinished (Ctrl-C): agents resume goes on
          6    the run waits for a person: agents resolve, or agents resume RUN
          130  left at once (second Ctrl-C)
        """;

    public static int Of(string code) => code switch
    {
        Faults.RunNotFound => NotFound,
        Faults.DataDirectory or Faults.DataDirectoryBusy or Faults.HostGone or Faults.ListenAddress or Faults.Unavailable => Unavailable,
        Faults.CommandRefused or Faults.ReplayDiverged or Faults.ProofBroken or Faults.Unexpected => Failed,
        "AG4030" or "AG4031" or "AG4034" or "AG4035" or "AG4050" or "AG4053" or "AG4054" => Unavailable,
        _ when code.StartsWith("AG1", StringComparison.Ordinal) => Unavailable,
        _ => Usage,
    };

    public static int Of(RunView view) => view.Status switch
    {
        RunStatuses.Completed => Ok,
        RunStatuses.Paused or RunStatuses.InDoubt or RunStatuses.Parked => NeedsPerson,
        RunStatuses.Pending or RunStatuses.Running => Unfinished,
        _ => Failed,
    };
}
