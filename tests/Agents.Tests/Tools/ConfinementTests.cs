using System.Diagnostics;
using Xunit;

namespace Agents.Tests.Tools;

public sealed class ConfinementTests
{
    [Theory]
    [InlineData("/etc/hostname", "absolute")]
    [InlineData("~/x", "absolute")]
    [InlineData("../secret.txt", "leaves the root")]
    [InlineData("a/../../secret.txt", "leaves the root")]
    [InlineData("a\\u0000b", "NUL")]
    public async Task A_path_that_leaves_the_root_by_name_is_refused(string path, string why)
    {
        await using var bench = new ToolBench();
        File.WriteAllText(Path.Combine(bench.Base, "secret.txt"), "secret");
        Assert.Contains(why, await bench.RefusalAsync("read_file", $$"""{"path":"{{path}}"}"""));
    }

    [Fact]
    public async Task A_link_to_the_outside_is_refused_for_reading_searching_and_writing()
    {
        await using var bench = new ToolBench();
        var secret = Path.Combine(bench.Base, "secret");
        Directory.CreateDirectory(secret);
        File.WriteAllText(Path.Combine(secret, "key.txt"), "hunter2");
        File.CreateSymbolicLink(Path.Combine(bench.Root, "key.txt"), Path.Combine(secret, "key.txt"));
        Directory.CreateSymbolicLink(Path.Combine(bench.Root, "folder"), secret);
        Directory.CreateSymbolicLink(Path.Combine(bench.Out, "folder"), secret);
        File.CreateSymbolicLink(Path.Combine(bench.Out, "line.txt"), Path.Combine(secret, "key.txt"));

        Assert.Contains("out of the root by a link", await bench.RefusalAsync("read_file", """{"path":"key.txt"}"""));
        Assert.Contains("out of the root by a link", await bench.RefusalAsync("read_file", """{"path":"folder/key.txt"}"""));
        var found = await bench.AnswerAsync("search_files", """{"query":"hunter2"}""");
        Assert.Equal(0, found.GetProperty("matches").GetArrayLength());
        await bench.RefusalAsync("append", """{"path":"line.txt","line":"x"}""");
        await bench.RefusalAsync("append", """{"path":"folder/new.txt","line":"x"}""");
        await bench.RefusalAsync("write_file", """{"path":"folder/new.txt","text":"x"}""");
        await bench.RefusalAsync("write_file", """{"path":"folder/deep/new.txt","text":"x"}""");
        await bench.RefusalAsync("write_file", """{"path":"line.txt","text":"x"}""");
        Assert.Equal("hunter2", File.ReadAllText(Path.Combine(secret, "key.txt")));
        Assert.Single(Directory.GetFileSystemEntries(secret));
    }

    [Fact]
    public async Task A_link_that_stays_inside_is_followed_for_reading()
    {
        await using var bench = new ToolBench();
        bench.Write("real/a.txt", "here");
        File.CreateSymbolicLink(Path.Combine(bench.Root, "link.txt"), Path.Combine(bench.Root, "real/a.txt"));
        var read = await bench.AnswerAsync("read_file", """{"path":"link.txt"}""");
        Assert.Equal("here", read.GetProperty("text").GetString());
    }

    [Fact]
    public async Task A_pipe_is_refused_without_being_opened()
    {
        await using var bench = new ToolBench();
        using (var make = Process.Start("mkfifo", Path.Combine(bench.Root, "pipe")))
        {
            await make.WaitForExitAsync(ToolBench.Cancel);
        }

        Assert.Contains("pipe or socket", await bench.RefusalAsync("read_file", """{"path":"pipe"}"""));
        Assert.Empty((await bench.AnswerAsync("search_files", """{"query":"zzz"}""")).GetProperty("matches").EnumerateArray());
    }

    [Fact]
    public async Task A_folder_is_no_file_and_a_file_no_folder()
    {
        await using var bench = new ToolBench();
        bench.Write("docs/a.md", "x");
        Assert.Contains("is a folder", await bench.RefusalAsync("read_file", """{"path":"docs"}"""));
        Assert.Contains("no folder", await bench.RefusalAsync("list_files", """{"path":"docs/a.md"}"""));
        Assert.Contains("not found", await bench.RefusalAsync("read_file", """{"path":"docs/b.md"}"""));
    }

    [Fact]
    public async Task A_root_that_is_missing_is_a_fault_for_operators()
    {
        await using var bench = new ToolBench();
        bench.Settings = bench.Settings with { Root = Path.Combine(bench.Base, "gone") };
        var failed = Assert.IsType<Agents.Tools.Running.ToolRun.Failed>(await bench.RunAsync("list_files", "{}"));
        Assert.Equal("AG5004", failed.Failure.ErrorType);
        Assert.True(failed.Failure.IsNonRetriable);
        Assert.Contains("gone", failed.Failure.ErrorMessage);
    }
}
