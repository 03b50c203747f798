using System.Diagnostics;
using System.Globalization;

namespace Agents.Bench.Machine;

/// <summary>Time, CPU of this process, CPU of everybody else, flushes: between its making and <see cref="Read"/>.</summary>
sealed class Meter
{
    // The kernel counts CPU time for /proc in hundredths of a second on every Linux we run on.
    const double TicksPerSecond = 100;

    readonly long _began = Stopwatch.GetTimestamp();
    readonly double _own = OwnSeconds();
    readonly double _machine = MachineSeconds();
    readonly long _flushes = Disk.Flushes();

    public Reading Read()
    {
        var seconds = Stopwatch.GetElapsedTime(_began).TotalSeconds;
        var own = OwnSeconds() - _own;
        return new Reading(
            seconds, own, Math.Max(0, (MachineSeconds() - _machine - own) / seconds), Disk.Flushes() - _flushes);
    }

    static double OwnSeconds() => Environment.CpuUsage.TotalTime.TotalSeconds;

    static double MachineSeconds()
    {
        const string Statistics = "/proc/stat";
        if (!File.Exists(Statistics))
        {
            return 0;
        }

        var fields = File.ReadLines(Statistics).First().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        int[] busy = [1, 2, 3, 6, 7]; // user, nice, system, irq, softirq
        return busy.Sum(i => double.Parse(fields[i], CultureInfo.InvariantCulture)) / TicksPerSecond;
    }
}

/// <summary><paramref name="OtherCores"/> is what other processes used meanwhile: the noise.</summary>
sealed record Reading(double Seconds, double CpuSeconds, double OtherCores, long Flushes);
