using System.Diagnostics;
using System.Runtime.InteropServices;
using Agents.Bench.Results;

namespace Agents.Bench.Machine;

/// <summary>How fast the disk under a folder makes bytes durable: the bottom of every other number here.</summary>
static class Disk
{
    const int PageBytes = 4096;

    [DllImport("libc", SetLastError = true)]
    static extern int fdatasync(int descriptor);

    /// <summary>Median microseconds of rewriting a page in place and fdatasync.</summary>
    public static double SyncMicroseconds(string folder, int times = 100)
    {
        var path = Path.Combine(folder, $"sync-{Environment.ProcessId}");
        using var file = File.OpenHandle(
            path, FileMode.Create, FileAccess.ReadWrite, FileShare.None, FileOptions.DeleteOnClose, PageBytes);
        var page = new byte[PageBytes];
        var taken = new List<double>(times);
        for (var i = 0; i < times; i++)
        {
            RandomAccess.Write(file, page, 0);
            var began = Stopwatch.GetTimestamp();
            if (fdatasync((int)file.DangerousGetHandle()) != 0)
            {
                throw new IOException($"fdatasync of {path} failed: {Marshal.GetLastPInvokeErrorMessage()}");
            }

            taken.Add(Stopwatch.GetElapsedTime(began).TotalMicroseconds);
        }

        return new Sample(taken).Median;
    }

    /// <summary>Cache flushes that all whole disks were asked for so far; other processes' are counted too.</summary>
    public static long Flushes()
    {
        const string Statistics = "/proc/diskstats";
        if (!File.Exists(Statistics))
        {
            return 0;
        }

        return File.ReadLines(Statistics)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(fields => fields.Length > 18 && Directory.Exists($"/sys/block/{fields[2]}"))
            .Sum(fields => long.Parse(fields[18], System.Globalization.CultureInfo.InvariantCulture));
    }
}
