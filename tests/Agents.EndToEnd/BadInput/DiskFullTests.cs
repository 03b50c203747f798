using System.Diagnostics;
using Agents.EndToEnd.CommandLine;
using Xunit;

namespace Agents.EndToEnd.BadInput;

/// <summary>A data directory that cannot grow: the run waits, says so, and goes on by itself. The limit of a file's size stands for the disk.</summary>
public sealed class DiskFullTests
{
    const int Files = 25;

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_run_waits_for_space_and_goes_on_by_itself()
    {
        if (!OperatingSystem.IsLinux() || !File.Exists("/usr/bin/prlimit"))
        {
            Assert.Skip("needs prlimit of util-linux");
        }

        using var terminal = new Terminal(Files);
        using var running = terminal.Start(1, "run", "--job", terminal.Job, "--out", terminal.Out, "--json");
        await terminal.UntilToolCallsAsync(3, Cancel);
        await LimitAsync(running.Id, "50000:unlimited"); // below what the write-ahead log has already
        await running.UntilErrorAsync("AG1102", Cancel);
        var meanwhile = await terminal.RunAsync("show", "--json");
        var refused = await terminal.RunAsync("run", "--job", terminal.Job, "--detach");
        await LimitAsync(running.Id, "unlimited:unlimited");
        var ended = await running.EndAsync();

        Assert.Equal("running", meanwhile.Last.GetProperty("status").GetString());
        Assert.Equal(4, refused.Code);
        Assert.Contains("AG1102", refused.Errors, StringComparison.Ordinal);
        Assert.Equal((0, "completed"), (ended.Code, ended.Last.GetProperty("status").GetString()));
        Assert.Contains("takes writes again", ended.Errors, StringComparison.Ordinal);
        var lines = await File.ReadAllLinesAsync(terminal.Out, Cancel);
        Assert.Equal(Files, lines.Length);
        Assert.Equal(Files, lines.Distinct().Count());
    }

    static async Task LimitAsync(int process, string bytes)
    {
        using var prlimit = Process.Start("/usr/bin/prlimit", [$"--pid={process}", $"--fsize={bytes}"]);
        await prlimit.WaitForExitAsync(Cancel);
        Assert.Equal(0, prlimit.ExitCode);
    }
}
