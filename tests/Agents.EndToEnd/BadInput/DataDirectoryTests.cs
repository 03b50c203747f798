using Agents.EndToEnd.CommandLine;
using Xunit;

namespace Agents.EndToEnd.BadInput;

/// <summary>
/// Data directories that cannot be used, and what a person can do about each. What was stored before is there again
/// once the cause is mended.
/// </summary>
public sealed class DataDirectoryTests
{
    const int Files = 12;

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_directory_that_cannot_be_written_is_told()
    {
        using var terminal = new Terminal(files: 1);
        terminal.Write("data", "a file");

        foreach (var ended in (Ended[])
        [
            await terminal.RunAsync("run", "--job", terminal.Job, "--json"),
            await terminal.RunInAsync("/proc/agents", "run", "--job", terminal.Job, "--json"),
        ])
        {
            Assert.Equal((4, "AG1105"), (ended.Code, CodeOf(ended)));
            Assert.Contains("write access or choose another", ended.Errors, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_directory_held_by_something_that_does_not_answer_is_told()
    {
        using var terminal = new Terminal(files: 1);
        Directory.CreateDirectory(terminal.Data);
        using var held = File.Open(Path.Combine(terminal.Data, "agents.lock"), FileMode.Create, FileAccess.ReadWrite, FileShare.None);

        var ended = await terminal.RunAsync("run", "--job", terminal.Job, "--json");

        Assert.Equal((4, "AG6042"), (ended.Code, CodeOf(ended)));
        Assert.Contains(terminal.Data, ended.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("header", "AG1103")]
    [InlineData("middle", "AG1103")]
    [InlineData("cut", "AG1103")]
    [InlineData("empty", "AG1103")]
    [InlineData("gone", "AG1103")]
    [InlineData("newer", "AG1106")]
    [InlineData("foreign", "AG1103")]
    public async Task A_database_that_is_not_sound_is_refused_and_a_restored_one_goes_on(string damage, string fault)
    {
        using var terminal = new Terminal(Files);
        using (var first = terminal.Start(5, "run", "--job", terminal.Job, "--out", terminal.Out, "--json"))
        {
            await terminal.UntilToolCallsAsync(8, Cancel);
            first.CtrlC();
            Assert.Equal(5, (await first.EndAsync()).Code);
        }

        var database = Path.Combine(terminal.Data, "agents.db");
        var whole = await File.ReadAllBytesAsync(database, Cancel);
        Damage(database, whole, damage);
        var resumed = await terminal.RunAsync("resume", "--json");
        var looked = await terminal.RunAsync("doctor", "--json");
        await File.WriteAllBytesAsync(database, whole, Cancel);
        var restored = await terminal.RunAsync("resume", "--json");

        Assert.Equal((4, fault), (resumed.Code, CodeOf(resumed)));
        Assert.DoesNotContain("   at ", resumed.Errors, StringComparison.Ordinal);
        Assert.Equal(1, looked.Code);
        Assert.Contains(fault, looked.Out, StringComparison.Ordinal);
        Assert.Equal((0, "completed"), (restored.Code, restored.Last.GetProperty("status").GetString()));
        var lines = await File.ReadAllLinesAsync(terminal.Out, Cancel);
        Assert.Equal((Files, Files), (lines.Length, lines.Distinct().Count()));
    }

    static void Damage(string database, byte[] whole, string how)
    {
        const int Page = 4096;
        const int VersionAt = 63;
        const int ApplicationAt = 68;
        var bytes = whole.ToArray();
        switch (how)
        {
            case "header":
                bytes.AsSpan(0, 64).Fill(0xA5);
                break;
            case "middle":
                bytes.AsSpan(Page, bytes.Length / 2).Fill(0xA5);
                break;
            case "cut":
                bytes = bytes[..(bytes.Length / 2 - Page / 2)];
                break;
            case "empty":
                bytes = [];
                break;
            case "newer":
                bytes[VersionAt] = 99;
                break;
            case "foreign":
                bytes[ApplicationAt] ^= 0xFF;
                break;
        }

        File.WriteAllBytes(database, bytes);
        if (how == "gone")
        {
            File.Delete(database);
        }
    }

    static string? CodeOf(Ended ended) => ended.Last.GetProperty("error").GetProperty("code").GetString();
}
