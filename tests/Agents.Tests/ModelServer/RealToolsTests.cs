using System.Text.Json;
using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;
using Agents.Tools;
using Agents.Tools.Catalogue;
using Agents.Tools.Running;
using Xunit;

namespace Agents.Tests.ModelServer;

/// <summary>The policy on the tools as they are: what one writes, the other must read.</summary>
public sealed class RealToolsTests : IAsyncDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("realtools-").FullName;
    readonly ToolCatalogue _catalogue;
    readonly ToolRunner _runner;
    readonly List<string> _refused = [];
    int _key;

    public RealToolsTests()
    {
        Write("README.md", "# Start\nSee [the guide](docs/guide.md#steps), [lost](docs/lost.md), `src/Clock.cs`, `Clock.Now`, AG9999.\n");
        Write("docs/guide.md", "# Guide\n## Steps\nBack to [start](../README.md) and [nowhere](#nowhere), `old/new/`, `notes/`.\n");
        Write("docs/new/lost.md", "moved\n");
        Write("src/Clock.cs", "sealed class Clock { public int Now; }\n");
        Write("blob.bin", "a\0b");
        _catalogue = new ToolCatalogue(new ToolEnvironment
        {
            DataDirectory = Directory.CreateDirectory(Path.Combine(_folder, "data")).FullName, Clock = TimeProvider.System,
        });
        _runner = new ToolRunner(_catalogue);
    }

    string Root => Path.Combine(_folder, "root");

    string Out => Path.Combine(_folder, "out");

    public async ValueTask DisposeAsync()
    {
        await _catalogue.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    void Write(string path, string text)
    {
        var full = Path.Combine(Root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }

    async Task<RunInput> RunOf(string[] tools)
    {
        Directory.CreateDirectory(Out);
        var settings = new ToolSettings { Root = Root, Out = Out };
        var entries = tools.Select(t => JsonSerializer.SerializeToElement(t)).ToList();
        var resolved = await _catalogue.ResolveAsync(entries, settings, TestContext.Current.CancellationToken);
        Assert.Empty(resolved.Problems);
        return new RunInput
        {
            Name = "t",
            Goal = "g",
            Tools = resolved.Tools,
            ToolSettings = settings,
            Model = new ModelProfile { Name = "scripted", BaseUrl = "http://scripted.invalid/v1", Model = "scripted" },
        };
    }

    Func<ToolCall, string> Acting(RunInput run) => call =>
    {
        var request = new ToolRequest
        {
            RunId = "run", Call = call, Key = (++_key).ToString("x64"), AttemptToken = "a", MayAct = () => true,
        };
        var outcome = _runner.RunAsync(run, request, TestContext.Current.CancellationToken).GetAwaiter().GetResult();
        var reply = Assert.IsType<ToolRun.Replied>(outcome).Reply;
        if (reply.IsError || reply.IsBadCall)
        {
            _refused.Add($"{call.Name} {call.Arguments}: {reply.Content}");
        }

        return reply.Content;
    };

    [Fact]
    public async Task The_digest_has_a_line_for_every_file_and_no_call_is_refused()
    {
        var run = await RunOf(ScriptedRun.Digest);
        var answer = new ScriptedRun(Acting(run), "Make a digest in digest.txt", ScriptedRun.Digest) { KeepLast = 2 }.Play();

        var text = await File.ReadAllTextAsync(Path.Combine(Out, "digest.txt"), TestContext.Current.CancellationToken);
        Assert.Equal(
            ["README.md\t105\tStart", "blob.bin\t3\t(binary)",
             "docs/guide.md\t94\tGuide", "docs/new/lost.md\t6\tmoved", "src/Clock.cs\t39\tsealed class Clock { public int Now; }"],
            text.TrimEnd('\n').Split('\n'));
        Assert.Equal($"digest.txt has 5 lines, one for each file, and {System.Text.Encoding.UTF8.GetByteCount(text)} bytes.", answer);
        Assert.Empty(_refused);
    }

    [Fact]
    public async Task The_audit_finds_what_is_broken_and_no_call_is_refused()
    {
        var run = await RunOf(ScriptedRun.Audit);
        var answer = new ScriptedRun(Acting(run), "Audit the references", ScriptedRun.Audit) { KeepLast = 2 }.Play();

        var lines = await File.ReadAllLinesAsync(Path.Combine(Out, "findings.jsonl"), TestContext.Current.CancellationToken);
        var findings = lines.Select(l => Inference.Wire.Json(l)).ToList();
        string Status(string reference) => findings.Single(f => f.GetProperty("reference").GetString() == reference).GetProperty("status").GetString()!;
        string? Suggestion(string reference) => findings.Single(f => f.GetProperty("reference").GetString() == reference)
            .TryGetProperty("suggestion", out var suggestion) ? suggestion.GetString() : null;
        Assert.Empty(_refused);
        Assert.Equal(9, findings.Count);
        Assert.Equal(["ok", "ok", "ok", "ok"], new[] { "docs/guide.md#steps", "src/Clock.cs", "Clock.Now", "../README.md" }.Select(Status));
        Assert.Equal(["broken", "broken", "broken"], new[] { "docs/lost.md", "AG9999", "#nowhere" }.Select(Status));
        Assert.Equal("docs/new/lost.md", Suggestion("docs/lost.md"));
        Assert.Equal("docs/new/", Suggestion("old/new/"));
        Assert.Null(Suggestion("notes/"));
        Assert.Equal("9 findings: 4 ok, 5 broken, 0 external, 0 unknown.", answer);
    }
}
