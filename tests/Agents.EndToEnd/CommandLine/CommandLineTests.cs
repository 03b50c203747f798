using Xunit;

namespace Agents.EndToEnd.CommandLine;

/// <summary>The contract of docs/command-line.md, by the real executable.</summary>
public sealed class CommandLineTests
{
    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_run_ends_with_one_line_of_json_and_writes_where_it_was_told()
    {
        using var terminal = new Terminal(files: 5);

        var ended = await terminal.RunAsync("run", "--job", terminal.Job, "--out", terminal.Out, "--json");

        Assert.Equal(0, ended.Code);
        Assert.Single(ended.Out.TrimEnd('\n').Split('\n'));
        Assert.Equal("completed", ended.Last.GetProperty("status").GetString());
        Assert.Equal(
            ["run", "status", "steps", "toolCalls", "stopReason", "model", "answer", "usage"],
            ended.Last.EnumerateObject().Select(p => p.Name).Take(8));
        Assert.Equal(5, (await File.ReadAllLinesAsync(terminal.Out, Cancel)).Length);
    }

    [Fact]
    public async Task A_second_terminal_watches_steers_pauses_and_cancels()
    {
        using var terminal = new Terminal(files: 40);
        using var first = terminal.Start(5, "run", "--job", terminal.Job, "--json");
        var run = await terminal.UntilToolCallsAsync(5, Cancel);
        using var watching = terminal.Start(0, "watch", run, "--json");

        var shown = await terminal.RunAsync("show", run[..10], "--json");
        var paused = await terminal.RunAsync("pause", run, "--json");
        var steered = await terminal.RunAsync("steer", run, "mind the gap", "--json");
        var resumed = await terminal.RunAsync("resume", "nothere");
        var cancelled = await terminal.RunAsync("cancel", run, "--reason", "enough", "--json");
        var ended = await first.EndAsync();
        var watched = await watching.EndAsync();

        Assert.Equal((0, 0, 0, 0), (shown.Code, paused.Code, steered.Code, cancelled.Code));
        Assert.Equal("running", shown.Last.GetProperty("status").GetString());
        Assert.Equal(3, resumed.Code);
        Assert.Equal((1, "cancelled"), (ended.Code, ended.Last.GetProperty("status").GetString()));
        Assert.Contains("mind the gap", watched.Out, StringComparison.Ordinal);
        Assert.Equal("done", watched.Last.GetProperty("event").GetString());
    }

    [Fact]
    public async Task Ctrl_C_leaves_the_run_unfinished_and_resume_goes_on()
    {
        using var terminal = new Terminal(files: 12);
        using var first = terminal.Start(5, "run", "--job", terminal.Job, "--out", terminal.Out, "--json");
        var run = await terminal.UntilToolCallsAsync(5, Cancel);
        first.CtrlC();
        var stopped = await first.EndAsync();

        var resumed = await terminal.RunAsync("resume", "--json");

        Assert.Equal((5, "running"), (stopped.Code, stopped.Last.GetProperty("status").GetString()));
        Assert.Equal($"agents resume {run} --data {terminal.Data}", stopped.Last.GetProperty("resume").GetString());
        Assert.Equal((0, run), (resumed.Code, resumed.Last.GetProperty("run").GetString()));
        Assert.Equal(12, (await File.ReadAllLinesAsync(terminal.Out, Cancel)).Length);
    }

    [Fact]
    public async Task Resume_without_a_run_lifts_no_pause_and_with_it_does()
    {
        using var terminal = new Terminal(files: 12);
        using var first = terminal.Start(5, "run", "--job", terminal.Job, "--json");
        var run = await terminal.UntilToolCallsAsync(5, Cancel);
        await terminal.RunAsync("pause", run);
        first.CtrlC();
        await first.EndAsync();

        var all = await terminal.RunAsync("resume");
        var one = await terminal.RunAsync("resume", run, "--json");

        Assert.Equal(6, all.Code);
        Assert.Contains($"{run} paused", all.Errors, StringComparison.Ordinal);
        Assert.Equal((0, "completed"), (one.Code, one.Last.GetProperty("status").GetString()));
    }

    [Fact]
    public async Task What_was_left_while_nobody_hosted_is_read_when_somebody_does()
    {
        using var terminal = new Terminal(files: 30);
        using var first = terminal.Start(5, "run", "--job", terminal.Job);
        var run = await terminal.UntilToolCallsAsync(5, Cancel);
        first.Kill();
        await first.EndAsync();

        var steered = await terminal.RunAsync("steer", run, "please stop", "--json");
        var resumed = await terminal.RunAsync("resume", run, "--json");

        Assert.Equal(0, steered.Code);
        Assert.Contains("agents resume", steered.Last.GetProperty("note").GetString(), StringComparison.Ordinal);
        Assert.Equal((0, "completed"), (resumed.Code, resumed.Last.GetProperty("status").GetString()));
        Assert.True(resumed.Last.GetProperty("toolCalls").GetInt32() < 60, "the run did not read what it was told");
    }

    [Fact]
    public async Task A_job_is_handed_to_the_process_that_hosts()
    {
        using var terminal = new Terminal(files: 30);
        using var first = terminal.Start(5, "run", "--job", terminal.Job, "--json");
        await terminal.UntilToolCallsAsync(1, Cancel);

        var second = await terminal.RunAsync("run", "--job", terminal.Job, "--json", "--key", "k");
        var again = await terminal.RunAsync("run", "--job", terminal.Job, "--json", "--key", "k");

        Assert.Equal((0, 0), (second.Code, again.Code));
        Assert.Equal(second.Last.GetProperty("run").GetString(), again.Last.GetProperty("run").GetString());
        Assert.Equal(0, (await first.EndAsync()).Code);
    }

    [Theory]
    [InlineData("--happened", "{\"lines\":2}", 3)]
    [InlineData("--did-not-happen", null, 4)]
    [InlineData("--give-up", "leave it", 3)]
    public async Task An_effect_in_doubt_is_decided_by_a_person(string verdict, string? text, int arrivals)
    {
        using var terminal = new Terminal(files: 3);
        await using var world = new SlowWorld(hangAt: 2);
        terminal.Write("job.json", $$"""
            {
              "goal": "Make a digest: append one line a file to {out}", "root": "root", "outFile": "digest.txt",
              "tools": ["worklist_files", "worklist_next", "file_head", { "name": "append", "input_schema": { "type": "object" } }],
              "http": { "allow": ["{{world.Address.Authority}}"], "tools": { "append": { "url": "{{world.Address}}" } } }
            }
            """);
        using var first = terminal.Start(0, "run", "--job", terminal.Job);
        await world.Hanging.WaitAsync(Cancel);
        first.Kill();
        await first.EndAsync();

        var doubt = await terminal.RunAsync("resume", "--json");
        var run = doubt.Last.GetProperty("run").GetString()!;
        var key = doubt.Last.GetProperty("inDoubt")[0].GetString()!;
        string[] said = text is null ? [verdict] : [verdict, text];
        var resolved = await terminal.RunAsync(["resolve", run, "--key", key[..12], .. said]);
        var ended = await terminal.RunAsync("resume", run, "--json");

        Assert.Equal((6, "in_doubt"), (doubt.Code, doubt.Last.GetProperty("status").GetString()));
        Assert.Equal(0, resolved.Code);
        Assert.Equal((0, "completed"), (ended.Code, ended.Last.GetProperty("status").GetString()));
        Assert.Equal(arrivals, world.Arrivals.Count);
        Assert.Equal(arrivals - 3, world.Arrivals.Count(a => a == key) - 1);
    }

    [Theory]
    [InlineData("{ \"goal\": \"g\", \"model\": \"kimi-k2-thinkin\" }", 2, "AG4018", "line 1")]
    [InlineData("{ \"goal\": \"g\", \"tools\": [\"read_fil\"] }", 2, "AG5001", "tools[0]")]
    [InlineData("{ \"goal\": \"g\", \"limits\": { \"step\": 3 } }", 2, "AG6011", "limits.step")]
    [InlineData("{ \"goal\" \"g\" }", 2, "AG6010", "line 1")]
    public async Task A_bad_job_is_told_with_its_place_and_nothing_is_started(string job, int code, string fault, string where)
    {
        using var terminal = new Terminal(files: 1);
        terminal.Write("bad.json", job);

        var ended = await terminal.RunAsync("run", "--job", Path.Combine(Path.GetDirectoryName(terminal.Job)!, "bad.json"), "--json");

        var error = ended.Last.GetProperty("error");
        Assert.Equal((code, fault), (ended.Code, error.GetProperty("code").GetString()));
        Assert.Contains(where, error.GetProperty("where").GetString(), StringComparison.Ordinal);
        Assert.Contains("bad.json", error.GetProperty("where").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", ended.Errors, StringComparison.Ordinal);
        var runs = await terminal.RunAsync("runs", "--json");
        Assert.DoesNotContain("\"run\"", runs.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "AG6040", "rnu")]
    [InlineData(2, "AG6040", "run")]
    [InlineData(2, "AG6014", "run", "--job", "nothere.json")]
    [InlineData(3, "AG6020", "show", "x")]
    [InlineData(2, "AG6044", "functions")]
    public async Task Bad_use_has_its_code(int code, string fault, params string[] arguments)
    {
        using var terminal = new Terminal(files: 1);

        var ended = await terminal.RunAsync(arguments);

        Assert.Equal(code, ended.Code);
        Assert.StartsWith(fault, ended.Errors, StringComparison.Ordinal);
        Assert.Contains("what to do:", ended.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prove_holds_for_a_job_of_files()
    {
        using var terminal = new Terminal(files: 15);

        using var running = terminal.Start(2, "prove", "--job", terminal.Job, "--kills", "3", "--seed", "11", "--json");
        var ended = await running.EndAsync();

        var report = ended.Last;
        Assert.True(report.GetProperty("holds").GetBoolean(), ended.Out + ended.Errors);
        Assert.Equal(3, report.GetProperty("kills").GetInt32());
        Assert.Equal(15, report.GetProperty("effects").GetProperty("expected").GetInt32());
        Assert.Equal(15, report.GetProperty("effects").GetProperty("seen").GetInt32());
        Assert.Equal(0, ended.Code);
    }

    [Fact]
    public async Task Doctor_tells_what_is_wrong_with_models()
    {
        using var terminal = new Terminal(files: 1);

        var ended = await terminal.RunAsync("doctor", "--json");

        Assert.Equal(0, ended.Code);
        var findings = ended.Last.GetProperty("findings").EnumerateArray().Select(f => f.GetProperty("text").GetString()!).ToList();
        Assert.Contains(findings, f => f.Contains("AG4019", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Ended_runs_whose_time_is_over_are_named_and_then_removed()
    {
        using var terminal = new Terminal(files: 2);
        var run = (await terminal.RunAsync("run", "--job", terminal.Job, "--json")).Last.GetProperty("run").GetString();

        var young = await terminal.RunAsync("retention", "--keep-completed", "1d", "--json");
        var named = await terminal.RunAsync("retention", "--keep-completed", "0d", "--json");
        var there = await terminal.RunAsync("show", run!, "--json");
        var removed = await terminal.RunAsync("retention", "--keep-completed", "0d", "--remove", "--json");
        var gone = await terminal.RunAsync("show", run!, "--json");

        Assert.Equal((0, 1, 1), (
            young.Last.GetProperty("instances").GetInt32(), named.Last.GetProperty("instances").GetInt32(),
            removed.Last.GetProperty("instances").GetInt32()));
        Assert.Equal(run, named.Last.GetProperty("runs")[0].GetProperty("run").GetString());
        Assert.Equal((0, 3), (there.Code, gone.Code));
    }
}
