using System.Diagnostics;
using System.Globalization;

namespace Agents.TestKit.Crash;

/// <summary>
/// Kills this process with SIGKILL the n-th time a point is passed, or freezes it there with SIGSTOP until somebody sends
/// SIGCONT. Text form "Point:n" or "Point:n:stop", as the crash host's command line
/// and environment carry it. Lives in the test kit only: the product has no crash hooks.
/// </summary>
public sealed class CrashPlan(CrashPoint point, int passing, bool freezes = false)
{
    int _passed;

    public static CrashPlan Parse(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return new CrashPlan(CrashPoint.None, 0);
        }

        var parts = text.Split(':');
        return new CrashPlan(
            Enum.Parse<CrashPoint>(parts[0]), int.Parse(parts[1], CultureInfo.InvariantCulture), parts is [_, _, "stop"]);
    }

    public void Pass(CrashPoint at)
    {
        if (at == point && Interlocked.Increment(ref _passed) == passing)
        {
            if (freezes)
            {
                Console.WriteLine($"frozen {at}");
                Signals.StopHere();
                return;
            }

            Process.GetCurrentProcess().Kill();

            // SIGKILL is on its way; nothing of this process may go on meanwhile.
            Thread.Sleep(Timeout.Infinite);
        }
    }
}
