using System.Diagnostics;
using System.Globalization;

namespace Agents.Bench.Machine;

/// <summary>Resident and proportional set size of this process, in MiB.</summary>
static class ProcessMemory
{
    public static (double Rss, double Pss) MiB()
    {
        const string Rollup = "/proc/self/smaps_rollup";
        if (!File.Exists(Rollup))
        {
            var resident = Environment.WorkingSet / (1024.0 * 1024.0);
            return (resident, resident);
        }

        var lines = File.ReadAllLines(Rollup);
        return (Value(lines, "Rss:"), Value(lines, "Pss:"));
    }

    static double Value(string[] lines, string key) => double.Parse(
        lines.First(l => l.StartsWith(key, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture) / 1024;
}
