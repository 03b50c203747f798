using System.Text.Json;
using Agents.ModelServer.Scripted;
using Xunit;

namespace Agents.Tests.ModelServer;

public sealed class FolderDigestTests
{
    const string Goal = "Make a digest of the folder: read the head of each file and append one line (path, size, first heading) to digest.txt.";

    static FakeWorld World() => new(
        ("a.md", "# Alpha\ntext"), ("b.txt", "first line\nsecond"), ("c.bin", "\"odd\" \\ one"), ("d/empty.md", ""), ("e.md", "## Größe\n"));

    static readonly string[] s_lines = ["a.md\t12\tAlpha", "b.txt\t17\tfirst line", "c.bin\t11\t\"odd\" \\ one", "d/empty.md\t0\t", "e.md\t11\tGröße"];

    [Theory]
    [InlineData(null)]
    [InlineData(3)]
    [InlineData(1)]
    public void Every_file_gets_its_line_and_the_totals_are_the_tools_own(int? keepLast)
    {
        var world = World();
        var run = new ScriptedRun(world.Act, Goal, ScriptedRun.Digest) { KeepLast = keepLast };

        var answer = run.Play();
        var bytes = s_lines.Sum(l => System.Text.Encoding.UTF8.GetByteCount(l) + 1);
        Assert.Equal($"digest.txt has 5 lines, one for each file, and {bytes} bytes.", answer);
        Assert.Equal(s_lines, world.Lines);
        Assert.Equal(2, run.MostCallsInAStep);
        Assert.Equal(2 + (2 * 5), run.Steps);
    }

    [Fact]
    public void The_answer_takes_the_form_of_the_schema_in_the_system_message()
    {
        var run = new ScriptedRun(World().Act, Goal, ScriptedRun.Digest)
        {
            System = """Answer with JSON that meets {"type":"object","properties":{"totalFiles":{"type":"integer"},"bytes":{"type":"integer"},"digest":{"type":"string"},"complete":{"type":"boolean"},"notes":{"type":"array"},"summary":{"type":["string","null"]}},"required":["totalFiles"]}. Nothing else.""",
        };
        using var answer = JsonDocument.Parse(run.Play());

        Assert.Equal(5, answer.RootElement.GetProperty("totalFiles").GetInt32());
        Assert.True(answer.RootElement.GetProperty("bytes").GetInt32() > 0);
        Assert.Equal("digest.txt", answer.RootElement.GetProperty("digest").GetString());
        Assert.True(answer.RootElement.GetProperty("complete").GetBoolean());
        Assert.Equal(0, answer.RootElement.GetProperty("notes").GetArrayLength());
        Assert.StartsWith("digest.txt has 5 lines", answer.RootElement.GetProperty("summary").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Please stop and tell me what you have.", 2)]
    [InlineData("finish now", 2)]
    [InlineData("Don't stop before the end!", 5)]
    [InlineData("Mind the headings.", 5)]
    public void A_person_can_end_it_early(string words, int lines)
    {
        var world = World();
        var run = new ScriptedRun(world.Act, Goal, ScriptedRun.Digest) { Steer = (7, words) };
        var answer = run.Play();

        Assert.Equal(lines, world.Lines.Count);
        Assert.StartsWith($"digest.txt has {lines} lines", answer, StringComparison.Ordinal);
        Assert.Equal(lines < 5, answer.EndsWith("not finished.", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("append one line to result: path and size.", "result")]
    [InlineData("Append one line (path, size, first heading) to `out/d.tsv`.", "out/d.tsv")]
    [InlineData("For each file append a line to the digest, which is heads.txt.", "heads.txt")]
    [InlineData("Append something about it to the list.", "digest.txt")]
    public void The_goal_names_the_file(string goal, string file) => Assert.StartsWith(
        $"{file} has 0 lines", new ScriptedRun(new FakeWorld().Act, goal, ScriptedRun.Digest).Play(), StringComparison.Ordinal);

    [Fact]
    public void A_file_that_cannot_be_read_has_a_line_too()
    {
        var world = World();
        world.Refuse["file_head {\"path\":\"b.txt\"}"] = "there is no file 'b.txt'";
        var answer = new ScriptedRun(world.Act, Goal, ScriptedRun.Digest) { KeepLast = 2 }.Play();

        Assert.StartsWith("digest.txt has 5 lines", answer, StringComparison.Ordinal);
        Assert.Contains("b.txt\t-\t(unreadable)", world.Lines);
    }

    [Fact]
    public void An_empty_folder_is_an_answer_too() =>
        Assert.StartsWith("digest.txt has 0 lines", new ScriptedRun(new FakeWorld().Act, Goal, ScriptedRun.Digest).Play(), StringComparison.Ordinal);

    [Fact]
    public void The_same_request_leads_to_the_same_bytes()
    {
        var run = new ScriptedRun(World().Act, Goal, ScriptedRun.Digest);
        using var one = JsonDocument.Parse(run.Request());
        using var two = JsonDocument.Parse(run.Request());

        Assert.Equal(ScriptedReply.To(one.RootElement).Chunks(), ScriptedReply.To(two.RootElement).Chunks());
    }

    [Fact]
    public void A_bigger_folder_takes_two_steps_a_file()
    {
        var world = new FakeWorld([.. Enumerable.Range(0, 120).Select(i => ($"f{i:000}.md", $"# Title {i}\n"))]) ;
        var run = new ScriptedRun(world.Act, Goal, ScriptedRun.Digest) { KeepLast = 3 };
        run.Play();

        Assert.Equal(120, world.Lines.Distinct().Count());
        Assert.True(run.Calls > 360);
    }
}
