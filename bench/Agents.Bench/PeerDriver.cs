using System.Diagnostics;
using System.Globalization;
using Agents.Bench.Machine;
using Agents.Bench.Results;

namespace Agents.Bench;

/// <summary>Runs bench/peers, which prints one JSON line per measure.</summary>
static class PeerDriver
{
    // The rivals take seconds where we take tenths; their spread is small.
    const int RepetitionsMax = 3;

    public static async IAsyncEnumerable<ResultLine> RunAsync(BenchOptions options)
    {
        if (!Directory.Exists(Path.Combine(Checkout.Peers, "node_modules")))
        {
            await InstallAsync();
        }

        var measures = options.Measure switch
        {
            "all" => "lone,concurrent,crash,storage,idle",
            "resume" => "crash",
            "idle" => "idle",
            "agent-300" => options.Runs == 1 ? "lone,storage" : "concurrent,storage",
            _ => throw new UsageException($"--peers goes with agent-300, resume, idle and all, not with {options.Measure}"),
        };
        string[] arguments =
        [
            "drive.mjs", "--measures", measures, "--runs", Text(options.Runs), "--bytes", Text(options.Bytes),
            "--turns", Text(options.Length / 2), "--repetitions", Text(Math.Min(options.Repetitions, RepetitionsMax)),
        ];
        using var node = Start("node", arguments);
        while (await node.StandardOutput.ReadLineAsync() is { } text)
        {
            if (ResultLine.TryParse(text) is { } line)
            {
                yield return line;
            }
        }

        await node.WaitForExitAsync();
        if (node.ExitCode != 0)
        {
            throw new InvalidOperationException($"bench/peers/drive.mjs ended with {node.ExitCode}; its errors are above");
        }
    }

    static async Task InstallAsync()
    {
        using var npm = Start("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
        await npm.StandardOutput.ReadToEndAsync();
        await npm.WaitForExitAsync();
        if (npm.ExitCode != 0)
        {
            throw new InvalidOperationException($"npm ci in {Checkout.Peers} ended with {npm.ExitCode}; its errors are above");
        }
    }

    static Process Start(string program, string[] arguments) => Process.Start(
        new ProcessStartInfo(program, arguments) { WorkingDirectory = Checkout.Peers, RedirectStandardOutput = true })
        ?? throw new InvalidOperationException($"{program} did not start: it is needed for --peers");

    static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
