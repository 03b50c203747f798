using System.Diagnostics;
using System.Text.Json;
using Xunit;

namespace Agents.EndToEnd.Jobs;

/// <summary>The README's job and the smoke job, by the real executable, on this repository.</summary>
public sealed class DefaultJobTests
{
    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("reference-audit")]
    [InlineData("folder-digest")]
    public async Task A_default_job_answers_after_two_hundred_real_tool_calls_and_replays(string job)
    {
        var data = Directory.CreateTempSubdirectory("agents-job-").FullName;
        try
        {
            var (code, lines) = await AgentsAsync("run", "--job", Path.Combine(Root, "examples", job + ".json"), "--data", data, "--json");
            var end = JsonDocument.Parse(lines[^1]).RootElement;

            Assert.Equal(0, code);
            Assert.Equal("completed", end.GetProperty("status").GetString());
            Assert.Equal("answer", end.GetProperty("stopReason").GetString());
            Assert.Equal("scripted", end.GetProperty("model").GetString());
            Assert.InRange(end.GetProperty("toolCalls").GetInt32(), 200, int.MaxValue);
            Assert.InRange(end.GetProperty("steps").GetInt32(), 100, int.MaxValue);

            var (replayed, _) = await AgentsAsync("replay", end.GetProperty("run").GetString()!, "--data", data, "--json");
            Assert.Equal(0, replayed);
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    static string Root
    {
        get
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(folder.FullName, "Agents.sln")))
            {
                folder = folder.Parent ?? throw new DirectoryNotFoundException("Agents.sln is not above the tests");
            }

            return folder.FullName;
        }
    }

    static async Task<(int Code, string[] Lines)> AgentsAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(Programs.Agents, arguments) { RedirectStandardOutput = true, WorkingDirectory = Root };
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync(Cancel);
        await process.WaitForExitAsync(Cancel);
        return (process.ExitCode, output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
