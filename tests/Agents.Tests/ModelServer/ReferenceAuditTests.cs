using System.Text.Json;
using Xunit;

namespace Agents.Tests.ModelServer;

public sealed class ReferenceAuditTests
{
    const string Goal = "Audit the references of the documents: check each, record one finding each, and answer with the totals.";

    static FakeWorld World() => new(
        ("README.md", "[map](docs/map.md) [gone](docs/old/gone.md) [site](https://example.org) [lost](nowhere.txt)"),
        ("docs/map.md", "[more](docs/more.md) [map](docs/map.md)"), ("docs/more.md", "no references"), ("src/new/gone.md", "here now"));

    [Theory]
    [InlineData(null)]
    [InlineData(3)]
    [InlineData(2)]
    [InlineData(1)]
    public void Every_reference_has_exactly_one_finding_whatever_is_shown_of_the_past(int? keepLast)
    {
        var world = World();
        var run = new ScriptedRun(world.Act, Goal, ScriptedRun.Audit) { KeepLast = keepLast };
        var answer = run.Play();

        Assert.Equal(
            [
                "README.md docs/map.md ok ", "README.md docs/old/gone.md broken src/new/gone.md", "README.md https://example.org external ",
                "README.md nowhere.txt broken ", "docs/map.md docs/more.md ok ", "docs/map.md docs/map.md ok ",
            ],
            world.Findings.Select(f => $"{f["page"]} {f["reference"]} {f["status"]} {f["suggestion"]}"));
        Assert.Equal("6 findings: 3 ok, 2 broken, 1 external, 0 unknown.", answer);
        Assert.Equal(2, run.MostCallsInAStep);
    }

    [Theory]
    [InlineData("worklist_references {\"page\":\"docs/map.md\"}", "That is not the item in hand. In hand: {\"kind\":\"page\",\"path\":\"docs/map.md\"}")]
    [InlineData("check_reference {\"kind\":\"link\",\"target\":\"docs/map.md\",\"from\":\"README.md\"}", "That is not the item in hand. In hand: {\"kind\":\"link\",\"target\":\"docs/map.md\",\"from\":\"README.md\"}")]
    [InlineData("suggest_replacement ", "That is not the item in hand. In hand: {\"kind\":\"link\",\"target\":\"docs/old/gone.md\",\"from\":\"README.md\"}")]
    [InlineData("record_finding {\"reference\":\"docs/more.md\"", "That is not the item in hand. In hand: {\"kind\":\"link\",\"target\":\"docs/more.md\",\"from\":\"docs/map.md\"}")]
    [InlineData("record_finding {\"reference\":\"docs/old/gone.md\"", "The suggestion names nothing below the root.")]
    public void A_refused_call_is_made_again_about_what_is_in_hand(string call, string refusal)
    {
        var world = World();
        world.Refuse[call] = refusal;
        var answer = new ScriptedRun(world.Act, Goal, ScriptedRun.Audit) { KeepLast = 2 }.Play();

        Assert.Empty(world.Refuse);
        Assert.InRange(world.Calls.Count(c => c.StartsWith(call, StringComparison.Ordinal)), 2, 3);
        Assert.Equal(6, world.Findings.Select(f => $"{f["page"]} {f["reference"]}").Distinct().Count());
        Assert.Equal("6 findings: 3 ok, 2 broken, 1 external, 0 unknown.", answer);
    }

    [Fact]
    public void The_totals_fill_the_schema()
    {
        var run = new ScriptedRun(World().Act, Goal, ScriptedRun.Audit)
        {
            System = """Schema: {"type":"object","properties":{"totals":{"type":"object","properties":{"ok":{"type":"integer"},"brokenReferences":{"type":"integer"},"external":{"type":"integer"},"findings":{"type":"integer"}}}}}""",
        };
        using var answer = JsonDocument.Parse(run.Play());

        Assert.Equal("""{"ok":3,"brokenReferences":2,"external":1,"findings":6}""", answer.RootElement.GetProperty("totals").GetRawText());
    }

    [Fact]
    public void A_person_can_end_it_early()
    {
        var world = World();
        var answer = new ScriptedRun(world.Act, Goal, ScriptedRun.Audit) { KeepLast = 2, Steer = (16, "Stop here, please.") }.Play();

        Assert.InRange(world.Findings.Count, 1, 5);
        Assert.StartsWith($"{world.Findings.Count} findings", answer, StringComparison.Ordinal);
        Assert.EndsWith("The audit is not finished.", answer, StringComparison.Ordinal);
    }
}
