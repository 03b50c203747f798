using Agents.EndToEnd.CommandLine;
using Xunit;

namespace Agents.EndToEnd.BadInput;

/// <summary>Jobs and options that cannot be used: refused before anything is started, with what, where and what to do.</summary>
public sealed class BadJobTests
{
    [Theory]
    [InlineData("{ \"goal\": 3 }", "AG6011", "goal (line 1, column 11)")]
    [InlineData("{ \"goal\": \"g\", \"tools\": \"append\" }", "AG6011", "tools (line 1")]
    [InlineData("{ \"goal\": \"g\",\n  \"limits\": { \"steps\": -5 } }", "AG6011", "limits.steps (line 2")]
    [InlineData("{ \"goal\": \"g\", \"limits\": { \"tokens\": 99999999999999999999999 } }", "AG6011", "limits.tokens")]
    [InlineData("{ \"goal\": \"g\", \"limits\": { \"usd\": -1 } }", "AG6011", "limits.usd")]
    [InlineData("{ \"goal\": \"g\", \"outputSchema\": { \"type\": \"objec\" } }", "AG3003", "outputSchema.type")]
    [InlineData("{ \"goal\": \"g\", \"outputSchema\": 3 }", "AG6011", "outputSchema")]
    [InlineData("{ \"goal\": \"g\", \"root\": \"nothere\" }", "AG6014", "root (line 1")]
    [InlineData("{ \"goal\": \"g\", \"tools\": [ { \"name\": \"zzz\" } ] }", "AG5001", "tools[0]")]
    [InlineData("{ \"goal\": \"g\"\n  \"tools\": [] }", "AG6010", "line 2")]
    [InlineData("{ \"tools\": [] }", "AG6011", "line 1")]
    [InlineData("", "AG6010", "line 1")]
    public async Task A_job_is_refused_with_its_place(string job, string fault, string where)
    {
        using var terminal = new Terminal(files: 1);
        terminal.Write("bad.json", job);

        await RefusedAsync(terminal, fault, where, "run", "--job", terminal.Path("bad.json"));
    }

    [Fact]
    public async Task A_file_that_is_no_job_is_refused()
    {
        using var terminal = new Terminal(files: 1);
        await File.WriteAllBytesAsync(terminal.Path("latin.json"), "{ \"goal\": \"caf\u00E9\" }"u8.ToArray()[..^5], TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(terminal.Path("latin1.json"), [0x7B, 0x22, 0xE9, 0x22, 0x7D], TestContext.Current.CancellationToken);
        using (var big = File.Create(terminal.Path("big.json")))
        {
            big.SetLength(1L << 32); // sparse
        }

        await RefusedAsync(terminal, "AG6010", "latin1.json", "run", "--job", terminal.Path("latin1.json"));
        await RefusedAsync(terminal, "AG6010", "latin.json", "run", "--job", terminal.Path("latin.json"));
        await RefusedAsync(terminal, "AG6014", "root", "run", "--job", terminal.Root);
        await RefusedAsync(terminal, "AG6014", "big.json", "run", "--job", terminal.Path("big.json"));
        await RefusedAsync(terminal, "AG6014", "none.json", "run", "--job", terminal.Path("none.json"));
        await RefusedAsync(terminal, "AG6014", "none.json", "prove", "--job", terminal.Path("none.json"));
    }

    [Theory]
    [InlineData("AG4018", "--model", "--model", "kimi-k2-thinkin")]
    [InlineData("AG4001", "--base-url", "--model", "m", "--base-url", "http://127.0.0.1:9/v1", "--api-key-env", "AGENTS_TEST_NOT_SET")]
    [InlineData("AG4017", "--base-url", "--model", "m", "--base-url", "not an address")]
    [InlineData("AG6014", "--out", "--out", "/proc/nothing/here.txt")]
    [InlineData("AG6014", "--out", "--out", "job.json/below/a/file.txt")]
    [InlineData("AG6014", "--root", "--root", "job.json")]
    [InlineData("AG6040", "--out", "--out", "")]
    public async Task An_option_that_cannot_be_used_is_refused_before_the_run_starts(string fault, string where, params string[] options)
    {
        using var terminal = new Terminal(files: 1);

        await RefusedAsync(terminal, fault, where, ["run", "--job", terminal.Job, .. options]);
        var runs = await terminal.RunAsync("runs", "--json");
        Assert.DoesNotContain("\"run\"", runs.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--count", "runs", "--count", "-3")]
    [InlineData("--count", "runs", "--count", "2000000000")]
    [InlineData("--kills", "prove", "--job", "job.json", "--kills", "0")]
    [InlineData("--generation", "history", "--generation", "-1")]
    [InlineData("--at", "fork", "x", "--at", "0")]
    [InlineData("--port", "up", "--port", "99999")]
    public async Task A_number_out_of_bounds_is_refused_and_not_bent(string where, params string[] arguments)
    {
        using var terminal = new Terminal(files: 1);
        Directory.CreateDirectory(terminal.Data);

        await RefusedAsync(terminal, "AG6040", where, arguments);
    }

    [Fact]
    public async Task Prove_says_what_keeps_the_job_from_running()
    {
        using var terminal = new Terminal(files: 1);
        terminal.Write("bad.json", "{ \"goal\": \"g\", \"model\": \"nope\" }");

        await RefusedAsync(terminal, "AG4018", "bad.json", "prove", "--job", terminal.Path("bad.json"), "--kills", "1");
    }

    static async Task RefusedAsync(Terminal terminal, string fault, string where, params string[] arguments)
    {
        var ended = await terminal.RunAsync([.. arguments, "--json"]);

        var error = ended.Last.GetProperty("error");
        Assert.Equal((2, fault), (ended.Code, error.GetProperty("code").GetString()));
        Assert.Contains(where, error.GetProperty("where").GetString(), StringComparison.Ordinal);
        Assert.False(string.IsNullOrWhiteSpace(error.GetProperty("detail").GetString()));
        Assert.Contains("what to do: ", ended.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", ended.Errors, StringComparison.Ordinal);
    }
}
