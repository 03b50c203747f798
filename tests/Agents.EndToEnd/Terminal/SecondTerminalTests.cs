using System.Text.Json;
using Agents.EndToEnd.CommandLine;
using Xunit;

namespace Agents.EndToEnd.Terminals;

/// <summary>One terminal hosts a run; everything else is said from others.</summary>
public sealed class SecondTerminalTests
{
    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_paused_run_says_so_and_by_which_command_it_goes_on(bool json)
    {
        using var terminal = new Terminal(files: 12);
        using var first = terminal.Start(5, ["run", "--job", terminal.Job, .. json ? ["--json"] : Array.Empty<string>()]);
        var run = await terminal.UntilToolCallsAsync(5, Cancel);
        var resume = $"agents resume {run} --data {terminal.Data}";

        await terminal.RunAsync("pause", run);
        var said = json ? await first.UntilErrorAsync("paused:", Cancel) : await first.UntilOutputAsync("paused:", Cancel);
        var shown = await terminal.RunAsync("show", run);
        var lifted = await terminal.RunAsync("resume", run, "--json");
        var ended = await first.EndAsync();

        Assert.Contains(resume, said, StringComparison.Ordinal);
        Assert.Contains("paused", shown.Out, StringComparison.Ordinal);
        Assert.Contains(resume, shown.Out, StringComparison.Ordinal);
        Assert.Equal((0, "completed"), (lifted.Code, lifted.Last.GetProperty("status").GetString()));
        Assert.Equal(0, ended.Code);
    }

    [Fact]
    public async Task Every_verb_that_looks_answers_with_and_without_json()
    {
        using var terminal = new Terminal(files: 20);
        using var first = terminal.Start(5, "run", "--job", terminal.Job, "--json");
        var run = await terminal.UntilToolCallsAsync(5, Cancel);

        var runs = await terminal.RunAsync("runs");
        var runsJson = await terminal.RunAsync("runs", "--json", "--status", "running", "pending");
        var show = await terminal.RunAsync("show", run[..8]);
        var showJson = await terminal.RunAsync("show", "--json");
        var history = await terminal.RunAsync("history", run);
        var historyJson = await terminal.RunAsync("history", "--json");
        using var watch = terminal.Start(0, "watch", run);
        var ended = await first.EndAsync();
        var watched = await watch.EndAsync();

        Assert.Equal([0, 0, 0, 0, 0, 0], (int[])[runs.Code, runsJson.Code, show.Code, showJson.Code, history.Code, historyJson.Code]);
        Assert.Contains($"{run}  digest  ", runs.Out, StringComparison.Ordinal);
        Assert.Equal(run, runsJson.Last.GetProperty("runs")[0].GetProperty("run").GetString());
        Assert.Contains("digest", show.Out, StringComparison.Ordinal);
        Assert.Equal(run, showJson.Last.GetProperty("run").GetString());
        Assert.Contains("ExecutionStarted", history.Out, StringComparison.Ordinal);
        Assert.All(historyJson.Out.TrimEnd('\n').Split('\n'), line => Assert.Equal(JsonValueKind.Object, JsonElement.Parse(line).ValueKind));
        Assert.Equal((0, 0), (ended.Code, watched.Code));
        Assert.Contains("completed: answer", watched.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_verb_that_speaks_answers_with_and_without_json(bool json)
    {
        using var terminal = new Terminal(files: 40);
        using var first = terminal.Start(5, "run", "--job", terminal.Job, "--json");
        var run = await terminal.UntilToolCallsAsync(5, Cancel);
        string[] how = json ? ["--json"] : [];

        var steered = await terminal.RunAsync(["steer", run, "mind the gap", .. how]);
        var paused = await terminal.RunAsync(["pause", run, "--reason", "lunch", .. how]);
        var resolved = await terminal.RunAsync(["resolve", run, "--key", "abc", "--did-not-happen", .. how]);
        var cancelled = await terminal.RunAsync(["cancel", run, .. how]);
        var again = await terminal.RunAsync(["cancel", run, .. how]);
        var ended = await first.EndAsync();

        Assert.Equal((0, 0, 0), (steered.Code, paused.Code, cancelled.Code));
        Assert.Equal((2, 1), (resolved.Code, again.Code)); // no such effect; it has ended
        Assert.Contains("AG6022", again.Errors, StringComparison.Ordinal);
        Assert.Equal((1, "cancelled"), (ended.Code, ended.Last.GetProperty("status").GetString()));
        if (json)
        {
            Assert.All((Ended[])[steered, paused, cancelled], e => Assert.True(e.Last.GetProperty("accepted").GetBoolean()));
            Assert.Equal("AG6022", again.Last.GetProperty("error").GetProperty("code").GetString());
        }
        else
        {
            Assert.Equal(("said", "paused", "cancelled"), (steered.Out.Trim(), paused.Out.Trim(), cancelled.Out.Trim()));
        }
    }

    [Fact]
    public async Task Ctrl_C_prints_the_line_that_goes_on_and_that_line_works()
    {
        using var terminal = new Terminal(files: 12);
        using var first = terminal.Start(5, "run", "--job", terminal.Job, "--out", terminal.Out);
        var run = await terminal.UntilToolCallsAsync(5, Cancel);
        first.CtrlC();
        var stopped = await first.EndAsync();

        var line = stopped.Out.Split('\n').Single(l => l.StartsWith("  agents resume ", StringComparison.Ordinal)).Trim();
        var words = line.Split(' ');
        var shown = await terminal.RunAsync("show", "--json");
        var ended = await terminal.RunInAsync(words[^1], [.. words[1..^2], "--json"]);

        Assert.Equal(5, stopped.Code);
        Assert.Contains("the run is unfinished and nothing is lost", stopped.Out, StringComparison.Ordinal);
        Assert.Equal($"agents resume {run} --data {terminal.Data}", line);
        Assert.Equal("running", shown.Last.GetProperty("status").GetString());
        Assert.Equal((0, "completed"), (ended.Code, ended.Last.GetProperty("status").GetString()));
        Assert.Equal(12, (await File.ReadAllLinesAsync(terminal.Out, Cancel)).Distinct().Count());
    }

    [Fact]
    public async Task A_host_that_leaves_names_what_others_handed_to_it()
    {
        using var terminal = new Terminal(files: 30);
        using var first = terminal.Start(20, "run", "--job", terminal.Job, "--json");
        var run = await terminal.UntilToolCallsAsync(3, Cancel);
        var handed = (await terminal.RunAsync("run", "--job", terminal.Job, "--detach")).Out.Trim();
        await terminal.RunAsync("cancel", run);
        var ended = await first.EndAsync();
        var resumed = await terminal.RunAsync("resume", "--json");

        Assert.Contains($"{handed} is unfinished", ended.Errors, StringComparison.Ordinal);
        Assert.Contains($"agents resume --data {terminal.Data}", ended.Errors, StringComparison.Ordinal);
        Assert.Equal((0, handed), (resumed.Code, resumed.Last.GetProperty("run").GetString()));
    }

    [Fact]
    public async Task Help_of_every_verb_ends_with_an_example_of_that_verb()
    {
        using var terminal = new Terminal(files: 1);
        var help = await terminal.RunAsync("--help");
        var verbs = help.Out.Split("Commands:")[1].Split("Examples:")[0].Split('\n')
            .Where(l => l.Length > 2 && l[2] != ' ').Select(l => l.Trim().Split(' ')[0]).ToList();

        Assert.Equal(0, help.Code);
        Assert.Contains("agents run --job examples/reference-audit.json", help.Out, StringComparison.Ordinal);
        Assert.InRange(verbs.Count, 18, 100);
        foreach (var verb in verbs)
        {
            var ended = await terminal.RunAsync(verb, "--help");
            Assert.Equal(0, ended.Code);
            Assert.Contains($"\n  agents {verb}", ended.Out.Split("Examples:")[1], StringComparison.Ordinal);
        }
    }
}
