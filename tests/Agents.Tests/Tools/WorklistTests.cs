using Agents.Tools;
using Agents.Tools.Running;
using Xunit;

namespace Agents.Tests.Tools;

public sealed class WorklistTests
{
    const string TwoItems = """{"items":[{"kind":"page","path":"a.md"},{"kind":"link","target":"x","from":"a.md"}]}""";

    [Fact]
    public async Task Items_come_out_once_in_order_and_the_end_has_the_totals()
    {
        await using var bench = new ToolBench();
        Assert.Equal("""{"added":2,"duplicates":0,"pending":2}""", await AddAsync(bench, TwoItems, "k1"));
        Assert.Equal(
            """{"added":1,"duplicates":2,"pending":3}""",
            await AddAsync(bench, """{"items":[{"path":"a.md","kind":"page"},{"kind":"page","path":"é.md"},{"kind":"page","path":"é.md"}]}""", "k2"));
        Assert.Equal("""{"done":false,"item":{"kind":"page","path":"a.md"},"taken":1,"pending":2}""", await NextAsync(bench, "n1"));
        Assert.Equal("""{"done":false,"item":{"kind":"link","target":"x","from":"a.md"},"taken":2,"pending":1}""", await NextAsync(bench, "n2"));
        Assert.Equal("""{"done":false,"item":{"kind":"page","path":"é.md"},"taken":3,"pending":0}""", await NextAsync(bench, "n3"));
        Assert.Equal("""{"done":true,"taken":3,"added":3,"byKind":{"link":1,"page":2}}""", await NextAsync(bench, "n4"));
        Assert.Equal("""{"added":0,"duplicates":2,"pending":0}""", await AddAsync(bench, TwoItems, "k3"));
    }

    [Fact]
    public async Task A_repeated_key_is_answered_as_before_also_by_another_process()
    {
        await using var bench = new ToolBench();
        var added = await AddAsync(bench, TwoItems, "k1");
        var taken = await NextAsync(bench, "n1");
        Assert.Equal(added, await AddAsync(bench, TwoItems, "k1"));
        Assert.Equal(taken, await NextAsync(bench, "n1"));

        await using var other = new ToolBench(sameFolder: bench);
        Assert.Equal(taken, await NextAsync(other, "n1"));
        Assert.Contains("\"target\":\"x\"", await NextAsync(other, "n2"));

        // And the first process sees what the other one did.
        Assert.Contains("\"done\":true", await NextAsync(bench, "n3"));
    }

    [Fact]
    public async Task A_fork_begins_with_the_list_as_it_stood_and_asks_for_it_once()
    {
        await using var bench = new ToolBench();
        var asked = 0;
        PastCall[] past =
        [
            new("worklist_add", """{"items":[{"path":"a","kind":"page"},{"kind":"page","path":"b"}]}""", """{"added":2,"duplicates":0,"pending":2}"""),
            new("worklist_next", "{}", """{"done":false,"item":{"kind":"page","path":"a"},"taken":1,"pending":1}"""),
            new("worklist_add", """{"items":[{"kind":"page","path":"b"},{"kind":"page","path":"c"}]}""", """{"added":1,"duplicates":1,"pending":2}"""),
        ];
        async Task<string> ForkAsync(string tool, string arguments, string key) => Assert.IsType<ToolRun.Replied>(await bench.RunAsync(
            tool, arguments, key, run: "fork", inherited: (beginning, _) =>
            {
                asked++;
                Assert.All(past, call => Assert.StartsWith(beginning, call.Tool));
                return Task.FromResult<IReadOnlyList<PastCall>>(past);
            })).Reply.Content;

        Assert.Equal("""{"done":false,"item":{"kind":"page","path":"b"},"taken":2,"pending":1}""", await ForkAsync("worklist_next", "{}", "f1"));
        Assert.Equal("""{"added":0,"duplicates":1,"pending":1}""", await ForkAsync("worklist_add", """{"items":[{"kind":"page","path":"a"}]}""", "f2"));
        await using var again = new ToolBench(sameFolder: bench);
        Assert.Contains("\"path\":\"c\"", await ForkAsync("worklist_next", "{}", "f3"));
        Assert.Equal("""{"done":true,"taken":3,"added":3,"byKind":{"page":3}}""", await ForkAsync("worklist_next", "{}", "f4"));
        Assert.Equal(1, asked);
    }

    [Fact]
    public async Task A_torn_last_line_is_cut_off_and_its_call_can_be_made_again()
    {
        await using var bench = new ToolBench();
        await AddAsync(bench, TwoItems, "k1");
        var file = Path.Combine(bench.Data, "runs", "run-1", "worklist.jsonl");
        var whole = File.ReadAllBytes(file);
        var first = await NextAsync(bench, "n1");
        var longer = File.ReadAllBytes(file);
        for (var cut = whole.Length + 1; cut < longer.Length; cut += 7)
        {
            File.WriteAllBytes(file, longer[..cut]);
            await using var restarted = new ToolBench(sameFolder: bench);
            Assert.Equal(first, await NextAsync(restarted, "n1"));
            Assert.Equal(longer, File.ReadAllBytes(file));
        }
    }

    [Fact]
    public async Task A_damaged_line_is_a_fault_and_changes_nothing()
    {
        await using var bench = new ToolBench();
        await AddAsync(bench, TwoItems, "k1");
        var file = Path.Combine(bench.Data, "runs", "run-1", "worklist.jsonl");
        File.WriteAllText(file, "garbage\n" + File.ReadAllText(file));
        var before = File.ReadAllBytes(file);
        var failed = Assert.IsType<ToolRun.Failed>(await bench.RunAsync("worklist_next", "{}", "n1"));
        Assert.Equal("AG5005", failed.Failure.ErrorType);
        Assert.Contains("line 1", failed.Failure.ErrorMessage);
        Assert.Equal(before, File.ReadAllBytes(file));
    }

    [Fact]
    public async Task Runs_have_worklists_of_their_own_whatever_they_are_called()
    {
        await using var bench = new ToolBench();
        await bench.RunAsync("worklist_add", TwoItems, "k1", run: "../../evil run");
        Assert.Equal("""{"done":true,"taken":0,"added":0,"byKind":{}}""", await NextAsync(bench, "n1"));
        var next = Assert.IsType<ToolRun.Replied>(await bench.RunAsync("worklist_next", "{}", "n1", run: "../../evil run"));
        Assert.Contains("a.md", next.Reply.Content);
        Assert.Equal(["data", "out", "root"], Directory.GetFileSystemEntries(bench.Base).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task Calls_at_once_lose_and_double_nothing()
    {
        await using var bench = new ToolBench();
        await using var other = new ToolBench(sameFolder: bench);
        var items = string.Join(',', Enumerable.Range(0, 40).Select(i => $$"""{"kind":"page","path":"{{i}}"}"""));
        await AddAsync(bench, $$"""{"items":[{{items}}]}""", "k1");
        var taken = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => NextAsync(i % 2 == 0 ? bench : other, $"n{i}")));
        Assert.Equal(40, taken.Distinct().Count());
        Assert.All(taken, t => Assert.Contains("\"done\":false", t));
    }

    static async Task<string> AddAsync(ToolBench bench, string items, string key) =>
        (await bench.ReplyAsync("worklist_add", items, key)).Content;

    static async Task<string> NextAsync(ToolBench bench, string key) =>
        (await bench.ReplyAsync("worklist_next", "{}", key)).Content;
}
