using Agents.EndToEnd.CommandLine;
using Agents.TestKit.Models;
using Xunit;

namespace Agents.EndToEnd.Terminals;

/// <summary>Verbs on runs that were: rewind, fork, restart, purge, and replay of each.</summary>
public sealed class ArchiveTests
{
    const int Files = 6;

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_run_that_a_model_error_ended_goes_on_after_a_rewind_and_does_nothing_twice()
    {
        using var terminal = new Terminal(Files);
        await using var model = await FakeModelServer.StartAsync(Cancel);
        var broken = true;
        model.Otherwise = request => request.Body.Split("\"role\":\"tool\"").Length switch
        {
            1 => FakeReply.Calls(("append", """{"path":"out.txt","line":"once"}""")),
            _ when broken => FakeReply.Json(400, """{"error":{"message":"no such model","type":"invalid_request_error"}}"""),
            _ => FakeReply.Answer("done"),
        };

        var failed = await terminal.RunAsync(
            "run", "--job", terminal.Job, "--out", terminal.Out, "--model", "m", "--base-url", model.BaseUrl, "--json");
        var run = failed.Last.GetProperty("run").GetString()!;
        broken = false;
        var rewound = await terminal.RunAsync("rewind", run, "--json");
        var ended = await terminal.RunAsync("resume", run, "--json");
        var replayed = await terminal.RunAsync("replay", run, "--json");

        Assert.Equal((1, "failed"), (failed.Code, failed.Last.GetProperty("status").GetString()));
        Assert.Contains("no such model", failed.Last.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(0, rewound.Code);
        Assert.Equal((0, "completed"), (ended.Code, ended.Last.GetProperty("status").GetString()));
        Assert.Equal(["once"], await File.ReadAllLinesAsync(Path.Combine(Path.GetDirectoryName(terminal.Out)!, "out.txt"), Cancel));
        Assert.True(replayed.Last.GetProperty("equal").GetBoolean());
    }

    [Fact]
    public async Task A_fork_a_restart_and_a_purge_leave_the_run_they_came_from_as_it_was()
    {
        using var terminal = new Terminal(Files);
        var first = (await terminal.RunAsync("run", "--job", terminal.Job, "--json")).Last;
        var run = first.GetProperty("run").GetString()!;
        var output = Path.Combine(first.GetProperty("out").GetString()!, "digest.tsv");
        var before = await File.ReadAllTextAsync(output, Cancel);

        var restarted = await terminal.RunAsync("restart", run, "--json");
        var restart = restarted.Last.GetProperty("result").GetString()!;
        var ended = (await terminal.RunAsync("resume", restart, "--json")).Last;
        var after = await File.ReadAllTextAsync(output, Cancel);
        var at = first.GetProperty("steps").GetInt32() - 4;
        var forked = await terminal.RunAsync("fork", run, "--at", $"{at}");
        var fork = forked.Out.Split('\n')[0]["forked: ".Length..];
        var forkEnded = await terminal.RunAsync("resume", fork, "--json");
        var purged = await terminal.RunAsync("purge", run);
        var gone = await terminal.RunAsync("show", run);
        var replays = new List<Ended> { await terminal.RunAsync("replay", restart), await terminal.RunAsync("replay", fork) };

        Assert.Equal("completed", ended.GetProperty("status").GetString());
        Assert.NotEqual(first.GetProperty("out").GetString(), ended.GetProperty("out").GetString());
        Assert.Equal(before, after);
        Assert.Equal(before, await File.ReadAllTextAsync(Path.Combine(ended.GetProperty("out").GetString()!, "digest.tsv"), Cancel));
        Assert.Contains("it writes to a folder of its own", forked.Out, StringComparison.Ordinal);
        Assert.Equal("completed", forkEnded.Last.GetProperty("status").GetString());
        var rest = await File.ReadAllTextAsync(Path.Combine(forkEnded.Last.GetProperty("out").GetString()!, "digest.tsv"), Cancel);
        Assert.EndsWith(rest, before, StringComparison.Ordinal); // what was left on the list at that step, in the same order
        Assert.InRange(rest.Count(c => c == '\n'), 1, Files - 1);
        Assert.Equal((0, 3), (purged.Code, gone.Code));
        Assert.Contains(fork, purged.Out, StringComparison.Ordinal); // keeps the shared history
        Assert.All(replays, r => Assert.Equal(0, r.Code));
    }
}
