using System.Runtime.InteropServices;

namespace Agents.TestKit.Crash;

/// <summary>Signals of Linux that .NET does not send.</summary>
public static class Signals
{
    public const int Continue = 18;
    public const int Stop = 19;

    public static void Send(int process, int signal)
    {
        if (Kill(process, signal) != 0)
        {
            throw new InvalidOperationException($"signal {signal} to process {process}: errno {Marshal.GetLastPInvokeError()}");
        }
    }

    /// <summary>
    /// Stops this process; the calling thread runs nothing more until it is continued. (A stop sent to the process is
    /// taken by any of its threads, and until that one runs, the caller would go on.)
    /// </summary>
    public static void StopHere()
    {
        if (ThreadKill(Environment.ProcessId, ThreadId(), Stop) != 0)
        {
            throw new InvalidOperationException($"signal {Stop} to this thread: errno {Marshal.GetLastPInvokeError()}");
        }
    }

    [DllImport("libc", EntryPoint = "gettid")]
    static extern int ThreadId();

    [DllImport("libc", EntryPoint = "tgkill", SetLastError = true)]
    static extern int ThreadKill(int process, int thread, int signal);

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    static extern int Kill(int process, int signal);
}
