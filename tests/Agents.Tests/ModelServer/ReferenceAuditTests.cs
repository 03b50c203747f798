using System.Text.Json;
using Agents.ModelServer.Scripted;
using Xunit;

namespace Agents.Tests.ModelServer;

public sealed class ReferenceAuditTests
{
    const string Goal = "Audit the references of the documents: check each, record one finding each, and answer with the totals.";

    const string Readme = """
        # Readme
        See [the map](docs/map.md), [gone](docs/old/gone.md "title") and ![picture](img/a.png).
        [top](#readme) and <https://example.org/x>, [site](https://example.org).
        Code: `Engine.Decider`, `docs/map.md`, `AG1001`, `dotnet build`, `x => y`, AG1002 in words.
        ```csharp
        [not](a/link.md) `NotA.Reference`
        ```
        [ref]: docs/map.md
        [again](docs/map.md)
        """;

    static FakeWorld World() => new(
        ("README.md", Readme), ("docs/map.md", "# Map\n[more](docs/more.md)\n"), ("docs/more.md", "no references\n"),
        ("img/a.png", "\0"), ("src/new/gone.md", "here now"), ("src/Decider.cs", "class Engine.Decider"));

    [Theory]
    [InlineData(null)]
    [InlineData(3)]
    public void Every_reference_has_exactly_one_finding(int? keepLast)
    {
        var world = World();
        var run = new ScriptedRun(world.Act, Goal, ScriptedRun.Audit) { KeepLast = keepLast };
        var answer = run.Play();

        Assert.Equal(
            new[]
            {
                "README.md Engine.Decider ok", "README.md docs/map.md ok", "README.md AG1001 broken", "README.md AG1002 broken",
                "README.md docs/map.md ok", "README.md docs/old/gone.md broken", "README.md img/a.png ok", "README.md #readme ok",
                "README.md https://example.org/x external", "README.md https://example.org external", "docs/map.md docs/more.md ok",
            }.Order(StringComparer.Ordinal),
            world.Findings.Select(f => $"{f["page"]} {f["reference"]} {f["status"]}").Order(StringComparer.Ordinal));
        Assert.Equal("src/new/gone.md", (string?)world.Findings.Single(f => (string?)f["reference"] == "docs/old/gone.md")["suggestion"]);
        Assert.Equal("11 findings: 6 ok, 3 broken, 2 external, 0 unknown; 11 references on 4 pages.", answer);
        Assert.True(run.MostCallsInAStep >= 3);
    }

    [Fact]
    public void A_long_page_is_read_piece_by_piece_without_losing_or_splitting_a_reference()
    {
        var text = string.Concat(Enumerable.Range(0, 60).Select(i => $"Zeile {i} größer [l](p{i}.md) und ```kein Zaun``` `A{i}Bc.Def`\n"));
        var world = new FakeWorld(("long.md", text)) { ReadBytesMax = 501 };
        new ScriptedRun(world.Act, Goal, ScriptedRun.Audit).Play();

        Assert.Equal(120, world.Findings.Count);
        Assert.Equal(120, world.Findings.Select(f => f["reference"]!.ToString()).Distinct().Count());
        Assert.InRange(world.Reads.Count, 6, 12);
    }

    [Fact]
    public void A_page_that_cannot_be_read_is_a_finding()
    {
        var world = new FakeWorld(("bad.md", "\0"));
        new ScriptedRun(world.Act, Goal, ScriptedRun.Audit).Play();

        Assert.Equal("unknown", (string?)Assert.Single(world.Findings)["status"]);
    }

    [Fact]
    public void The_totals_fill_the_schema()
    {
        var run = new ScriptedRun(World().Act, Goal, ScriptedRun.Audit)
        {
            System = """Schema: {"type":"object","properties":{"totals":{"type":"object","properties":{"ok":{"type":"integer"},"brokenReferences":{"type":"integer"},"external":{"type":"integer"},"references":{"type":"integer"},"pagesRead":{"type":"integer"}}}}}""",
        };
        using var answer = JsonDocument.Parse(run.Play());

        Assert.Equal("""{"ok":6,"brokenReferences":3,"external":2,"references":11,"pagesRead":4}""", answer.RootElement.GetProperty("totals").GetRawText());
    }

    [Fact]
    public void A_person_can_end_it_early()
    {
        var world = World();
        var answer = new ScriptedRun(world.Act, Goal, ScriptedRun.Audit) { Steer = (16, "Stop here, please.") }.Play();

        Assert.InRange(world.Findings.Count, 1, 10);
        Assert.StartsWith($"{world.Findings.Count} findings", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("`host.json`", "path host.json")]
    [InlineData("`./dev`", "path dev")]
    [InlineData("`docs/errors/`", "path docs/errors/")]
    [InlineData("`.editorconfig`", "path .editorconfig")]
    [InlineData("`IOrchestratorHost`", "symbol IOrchestratorHost")]
    [InlineData("`Task<int>.Run(x)`", "symbol Task<int>.Run(x)")]
    [InlineData("`OrchestrationContext.NewGuid()`", "symbol OrchestrationContext.NewGuid()")]
    [InlineData("``Agents.Engine``", "symbol Agents.Engine")]
    [InlineData("`docs/errors/AGnnnn.md`", "")]
    [InlineData("`/api/v1/runs`", "")]
    [InlineData("`application/json`", "")]
    [InlineData("`true` `Stop` `--json` `a b.md` `*.md`", "")]
    [InlineData("[a](x.md)[b](<y z.md>)", "link x.md,link y z.md")]
    [InlineData("[a](https://en.org/wiki/A_(b)) text)", "link https://en.org/wiki/A_(b)")]
    [InlineData("<a href=\"x.md#y\">", "link x.md#y")]
    [InlineData("[mail](mailto:a@b.c)", "")]
    [InlineData("`[no](link.md)`", "")]
    [InlineData("~~~\n[no](link.md)\n~~~\n[yes](b.md)", "link b.md")]
    public void What_counts_as_a_reference(string text, string expected) =>
        Assert.Equal(expected, string.Join(',', MarkdownReferences.Of(text, "p.md").Select(r => $"{r.Kind} {r.Target}")));
}
