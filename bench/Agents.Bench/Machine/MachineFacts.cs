using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Agents.Bench.Results;

namespace Agents.Bench.Machine;

/// <summary>Where the numbers were taken, and of which code.</summary>
static class MachineFacts
{
    public static ResultLine Line(string folder) => new ResultLine("machine")
        .Set("cores", Environment.ProcessorCount)
        .Set("processor", First("/proc/cpuinfo", "model name") ?? RuntimeInformation.ProcessArchitecture.ToString())
        .Set("memoryGiB", MemoryGiB())
        .Set("kernel", Environment.OSVersion.VersionString)
        .Set("runtime", RuntimeInformation.FrameworkDescription)
        .Set("fdatasyncUs", Disk.SyncMicroseconds(folder))
        .Set("commit", Commit());

    /// <summary>Short commit id of the checkout, with "+" when files differ from it.</summary>
    public static string Commit()
    {
        var id = Git("rev-parse --short=10 HEAD");
        return id is null ? "unknown" : id + (string.IsNullOrEmpty(Git("status --porcelain -uno")) ? "" : "+");
    }

    static string? Git(string arguments)
    {
        using var git = Process.Start(new ProcessStartInfo("git", arguments)
        {
            WorkingDirectory = Checkout.Root, RedirectStandardOutput = true, RedirectStandardError = true,
        });
        if (git is null)
        {
            return null;
        }

        var text = git.StandardOutput.ReadToEnd().Trim();
        git.WaitForExit();
        return git.ExitCode == 0 ? text : null;
    }

    static double MemoryGiB() => First("/proc/meminfo", "MemTotal") is { } text
        ? double.Parse(text.Split(' ')[0], CultureInfo.InvariantCulture) / (1024 * 1024)
        : 0;

    static string? First(string file, string key) => !File.Exists(file) ? null : File.ReadLines(file)
        .Where(line => line.StartsWith(key, StringComparison.Ordinal))
        .Select(line => line[(line.IndexOf(':') + 1)..].Trim())
        .FirstOrDefault();
}
