using Agents.Contracts.Work;
using Agents.Tools.Effects;
using Agents.Tools.Running;
using Xunit;

namespace Agents.Tests.Tools;

/// <summary>Every state a killed attempt at an append can leave, and what the probe makes of it.</summary>
public sealed class FileEffectTests
{
    const string First = """{"path":"log.txt","line":"first"}""";
    const string Line = """{"path":"log.txt","line":"läne €"}""";
    const string Bytes = "läne €\n";

    [Fact]
    public async Task Totals_count_lines_and_bytes()
    {
        await using var bench = new ToolBench();
        Assert.Equal("""{"path":"log.txt","lines":1,"bytes":6}""", (await bench.ReplyAsync("append", First, "k0")).Content);
        Assert.Equal("""{"path":"log.txt","lines":2,"bytes":16}""", (await bench.ReplyAsync("append", Line, "k1")).Content);
        Assert.Equal("first\n" + Bytes, Output(bench));
        Assert.Contains("one line", await bench.RefusalAsync("append", """{"path":"log.txt","line":"a\nb"}"""));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(9)]
    public async Task An_attempt_that_died_with_part_of_its_line_is_undone_and_absent(int written)
    {
        await using var bench = await DieMidEffectAsync();
        var all = System.Text.Encoding.UTF8.GetBytes(Bytes);
        using (var file = new FileStream(Path.Combine(bench.Out, "log.txt"), FileMode.Append))
        {
            file.Write(all, 0, written);
        }

        Assert.IsType<ToolRun.Absent>(await ProbeAsync(bench));
        Assert.Equal("first\n", Output(bench));
        var again = await bench.RunAsync("append", Line, "k1", "a2", 2);
        Assert.Equal("""{"path":"log.txt","lines":2,"bytes":16}""", Content(again));
        Assert.Equal("first\n" + Bytes, Output(bench));
    }

    [Fact]
    public async Task An_attempt_that_died_behind_its_line_has_happened_with_the_result_it_would_have_given()
    {
        await using var bench = await DieMidEffectAsync();
        File.AppendAllText(Path.Combine(bench.Out, "log.txt"), Bytes);

        // Another line behind it must not change the answer.
        await bench.RunAsync("append", """{"path":"log.txt","line":"third"}""", "k2");
        var found = Assert.IsType<ToolRun.Replied>(await ProbeAsync(bench));
        Assert.Equal("""{"path":"log.txt","lines":2,"bytes":16}""", found.Reply.Content);
        Assert.StartsWith("probe: ", found.Evidence);
        Assert.Equal("first\n" + Bytes + "third\n", Output(bench));
    }

    [Fact]
    public async Task An_attempt_that_died_after_its_effect_has_happened()
    {
        await using var bench = new ToolBench(new DiesAt(EffectPoint.AfterEffect));

        // The runner asks the probe itself where the tool broke after it had acted.
        var cleared = Assert.IsType<ToolRun.Replied>(await bench.RunAsync("append", Line, "k1"));
        Assert.Equal("""{"path":"log.txt","lines":1,"bytes":10}""", cleared.Reply.Content);
        Assert.NotNull(cleared.Evidence);
        await using var restarted = new ToolBench(sameFolder: bench);
        Assert.Equal(cleared.Reply.Content, Content(await ProbeAsync(restarted)));
        Assert.Equal(Bytes, Output(bench));
    }

    [Theory]
    [InlineData(EffectPoint.BeforeEffect, 1)]
    [InlineData(EffectPoint.BeforeEffect, 2)]
    public async Task An_attempt_that_wakes_after_the_probe_is_fenced_off(EffectPoint point, int number)
    {
        var frozen = new FreezesAt(point);
        await using var bench = new ToolBench(frozen);
        var sleeper = bench.RunAsync("append", Line, "k1", "a1", number);
        await frozen.ReachedByAsync(sleeper);

        await using var successor = new ToolBench(sameFolder: bench);
        Assert.IsType<ToolRun.Absent>(await ProbeAsync(successor));
        frozen.Thaw();
        Assert.IsType<ToolRun.NotStarted>(await sleeper);
        Assert.Equal("", Output(bench));

        Assert.IsType<ToolRun.Replied>(await successor.RunAsync("append", Line, "k1", "a2", 2));
        Assert.Equal(Bytes, Output(bench));
    }

    [Fact]
    public async Task A_sleeper_that_wakes_behind_its_successor_does_not_act_either()
    {
        var frozen = new FreezesAt(EffectPoint.BeforeEffect);
        await using var bench = new ToolBench(frozen);
        var sleeper = bench.RunAsync("append", Line, "k1", "a1", 1);
        await frozen.ReachedByAsync(sleeper);
        await using var successor = new ToolBench(sameFolder: bench);
        await ProbeAsync(successor);
        await successor.RunAsync("append", Line, "k1", "a2", 2);
        frozen.Thaw();
        Assert.IsType<ToolRun.NotStarted>(await sleeper);
        Assert.Equal(Bytes, Output(bench));
    }

    [Fact]
    public async Task The_next_line_never_lands_behind_half_a_line()
    {
        await using var bench = await DieMidEffectAsync();
        File.AppendAllText(Path.Combine(bench.Out, "log.txt"), "lä");
        await bench.RunAsync("append", """{"path":"log.txt","line":"other"}""", "k2");
        Assert.Equal("first\nother\n", Output(bench));
        Assert.IsType<ToolRun.Absent>(await ProbeAsync(bench));
    }

    [Fact]
    public async Task A_line_that_somebody_else_changed_is_in_doubt()
    {
        await using var bench = new ToolBench();
        await bench.RunAsync("append", Line, "k1");
        File.WriteAllText(Path.Combine(bench.Out, "log.txt"), "something else entirely\n");
        var doubt = Assert.IsType<ToolRun.InDoubt>(await ProbeAsync(bench));
        Assert.Contains("changed by somebody else", doubt.Why);
    }

    [Fact]
    public async Task Without_permission_nothing_is_written_and_nothing_stays()
    {
        await using var bench = new ToolBench();
        Assert.IsType<ToolRun.NotStarted>(await bench.RunAsync("append", Line, "k1", mayAct: () => false));
        Assert.Equal("", Output(bench));
        Assert.IsType<ToolRun.Replied>(await bench.RunAsync("append", Line, "k1", "a2"));
        Assert.Equal(Bytes, Output(bench));
    }

    [Fact]
    public async Task Permission_is_asked_after_the_journal_and_once()
    {
        await using var bench = new ToolBench();
        var asked = 0;
        await bench.RunAsync("append", Line, "k1", mayAct: () =>
        {
            asked++;
            Assert.Contains("begin", File.ReadAllText(Directory.GetFiles(Path.Combine(bench.Data, "effects"), "*.jsonl").Single()));
            Assert.Equal("", Output(bench));
            return true;
        });
        Assert.Equal(1, asked);
    }

    [Fact]
    public async Task An_arrival_after_the_effect_is_answered_writes_nothing_and_is_told_on()
    {
        await using var bench = new ToolBench();
        var first = await bench.RunAsync("append", Line, "k1", "a1");
        var second = await bench.RunAsync("append", Line, "k1", "a2");
        Assert.Equal(Content(first), Content(second));
        Assert.Equal(Bytes, Output(bench));
        var effect = Assert.Single(Assert.Single(EffectAudit.Read(bench.Data)).Effects);
        Assert.Equal(2, effect.Arrivals);
        Assert.True(effect.Present);
    }

    [Fact]
    public async Task The_audit_accounts_for_every_byte()
    {
        await using var bench = new ToolBench();
        await bench.RunAsync("append", First, "k0");
        await bench.RunAsync("append", Line, "k1");
        await bench.RunAsync("append", Line, "k2", mayAct: () => false);
        var output = Assert.Single(EffectAudit.Read(bench.Data));
        Assert.Equal(["k0", "k1"], output.Effects.Select(e => e.Key));
        Assert.All(output.Effects, e => Assert.Equal((1, true), (e.Arrivals, e.Present)));
        Assert.Equal(0, output.UnaccountedBytes);
        File.AppendAllText(output.Path, "!");
        Assert.Equal(1, Assert.Single(EffectAudit.Read(bench.Data)).UnaccountedBytes);
    }

    [Fact]
    public async Task Outputs_hold_no_trace_of_keys_or_attempts()
    {
        await using var one = new ToolBench();
        await using var two = await DieMidEffectAsync();
        await one.RunAsync("append", First, "k0");
        await one.RunAsync("append", Line, "k1");
        await ProbeAsync(two);
        await two.RunAsync("append", Line, "k1", "a7", 7);
        Assert.Equal(Output(one), Output(two));
    }

    [Fact]
    public async Task A_file_that_is_no_ones_yet_is_gone_on_with()
    {
        await using var bench = new ToolBench();
        bench.Write("log.txt", "one\ntwo", atRoot: false);
        Assert.Equal("""{"path":"log.txt","lines":3,"bytes":18}""", (await bench.ReplyAsync("append", Line, "k1")).Content);
        Assert.Equal("one\ntwo\n" + Bytes, Output(bench));
    }

    [Fact]
    public async Task Findings_are_counted_by_status_also_across_a_death()
    {
        await using var bench = new ToolBench();
        Assert.Equal("""{"findings":1,"ok":1,"broken":0,"external":0,"unknown":0}""", await RecordAsync(bench, "ok"));
        Assert.Equal("""{"findings":2,"ok":1,"broken":1,"external":0,"unknown":0}""", await RecordAsync(bench, "broken"));
        await using var dying = new ToolBench(new DiesAt(EffectPoint.MidEffect), sameFolder: bench);
        Assert.IsType<ToolRun.Failed>(await dying.RunAsync("record_finding", Finding("third", "ok"), "third"));
        Assert.IsType<ToolRun.Absent>(await bench.RunAsync(
            "record_finding", Finding("third", "ok"), "third", "a1", 2, ActivityMode.Reconcile));
        Assert.Equal("""{"findings":3,"ok":2,"broken":1,"external":0,"unknown":0}""", Content(await bench.RunAsync(
            "record_finding", Finding("third", "ok"), "third", "a2", 2)));
        Assert.Equal(
            """{"page":"a.md","reference":"ok","status":"ok"}""",
            File.ReadAllLines(Path.Combine(bench.Out, "findings.jsonl"))[0]);
    }

    static async Task<string> RecordAsync(ToolBench bench, string status) =>
        (await bench.ReplyAsync("record_finding", Finding(status, status), status)).Content;

    static string Finding(string reference, string status) =>
        ToolBench.Args(new { page = "a.md", reference, status });

    static async Task<ToolBench> DieMidEffectAsync()
    {
        var bench = new ToolBench();
        await bench.RunAsync("append", First, "k0");
        await using var dying = new ToolBench(new DiesAt(EffectPoint.MidEffect), sameFolder: bench);
        Assert.IsType<ToolRun.Failed>(await dying.RunAsync("append", Line, "k1"));
        return bench;
    }

    static Task<ToolRun> ProbeAsync(ToolBench bench) =>
        bench.RunAsync("append", Line, "k1", "a1", 2, ActivityMode.Reconcile);

    static string Content(ToolRun run) => Assert.IsType<ToolRun.Replied>(run).Reply.Content;

    static string Output(ToolBench bench) =>
        File.Exists(Path.Combine(bench.Out, "log.txt")) ? File.ReadAllText(Path.Combine(bench.Out, "log.txt")) : "";
}
