using Agents.Tools;
using Agents.Tools.Running;
using Xunit;

namespace Agents.Tests.Tools;

/// <summary>What is on a worklist is worked on while it is in hand, and once.</summary>
public sealed class WorklistDisciplineTests
{
    int _key;

    [Fact]
    public async Task Files_and_references_are_put_on_the_list_without_being_carried_over()
    {
        await using var bench = Folder();
        Assert.Equal("""{"files":2,"added":2,"pending":2}""", await SayAsync(bench, "worklist_files", """{"kind":"page","pattern":"*.md"}"""));
        Assert.Equal("""{"files":3,"added":3,"pending":5}""", await SayAsync(bench, "worklist_files", """{"kind":"file"}"""));
        Assert.Contains("\"path\":\"a.md\"", await SayAsync(bench, "worklist_next", "{}"));
        Assert.Equal("""{"references":2,"added":2,"pending":6}""", await SayAsync(bench, "worklist_references", """{"page":"a.md"}"""));
        for (var i = 0; i < 4; i++)
        {
            await SayAsync(bench, "worklist_next", "{}");
        }

        Assert.Equal("""{"done":false,"item":{"kind":"link","target":"b.md","from":"a.md"},"taken":6,"pending":1}""", await SayAsync(bench, "worklist_next", "{}"));
    }

    [Theory]
    [InlineData("worklist_references", """{"page":"b.md"}""")]
    [InlineData("worklist_references", """{"page":"a"}""")]
    [InlineData("worklist_references", """{"page":"c.md"}""")]
    public async Task A_page_that_is_not_in_hand_is_refused_with_the_one_that_is(string tool, string arguments)
    {
        await using var bench = Folder();
        await SayAsync(bench, "worklist_files", """{"kind":"page","pattern":"*.md"}""");
        await SayAsync(bench, "worklist_next", "{}");
        Assert.Equal("""That is not the item in hand. In hand: {"kind":"page","path":"a.md"}""", await RefusedAsync(bench, tool, arguments));
        Assert.Equal("""{"references":2,"added":2,"pending":3}""", await SayAsync(bench, "worklist_references", """{"page":"a.md"}"""));
        Assert.Equal("Nothing like that is in hand. Take an item with worklist_next.", await RefusedAsync(bench, "worklist_references", """{"page":"a.md"}"""));
    }

    [Theory]
    [InlineData("check_reference", """{"kind":"link","target":"lost.md","from":"a.md"}""")]
    [InlineData("check_reference", """{"kind":"link","target":"b.md","from":"b.md"}""")]
    [InlineData("suggest_replacement", """{"kind":"link","target":"b.m","from":"a.md"}""")]
    [InlineData("record_finding", """{"reference":"lost.md","page":"a.md","status":"ok"}""")]
    [InlineData("record_finding", """{"reference":"B.md","page":"a.md","status":"ok"}""")]
    public async Task A_reference_that_is_not_in_hand_is_refused_and_nothing_is_written(string tool, string arguments)
    {
        await using var bench = Folder();
        await InHandAsync(bench);
        Assert.Equal("""That is not the item in hand. In hand: {"kind":"link","target":"b.md","from":"a.md"}""", await RefusedAsync(bench, tool, arguments));
        Assert.False(File.Exists(Path.Combine(bench.Out, "findings.jsonl")));
    }

    [Fact]
    public async Task A_finding_finishes_its_item_and_the_same_call_again_is_no_second_one()
    {
        await using var bench = Folder();
        await InHandAsync(bench);
        const string Finding = """{"reference":"b.md","page":"a.md","status":"ok"}""";
        var first = await bench.ReplyAsync("record_finding", Finding, "key");
        Assert.Equal("""{"findings":1,"ok":1,"broken":0,"external":0,"unknown":0}""", first.Content);
        Assert.Equal(first.Content, (await bench.ReplyAsync("record_finding", Finding, "key")).Content);
        Assert.Equal("Nothing like that is in hand. Take an item with worklist_next.", await RefusedAsync(bench, "record_finding", Finding));
        Assert.Single(File.ReadAllLines(Path.Combine(bench.Out, "findings.jsonl")));
    }

    [Fact]
    public async Task A_suggestion_must_name_something()
    {
        await using var bench = Folder();
        await InHandAsync(bench);
        Assert.StartsWith("The suggestion names nothing", await RefusedAsync(bench, "record_finding", """{"reference":"b.md","page":"a.md","status":"broken","suggestion":"c.md"}"""));
        await SayAsync(bench, "record_finding", """{"reference":"b.md","page":"a.md","status":"broken","suggestion":"b.md#title"}""");
    }

    [Fact]
    public async Task A_run_without_such_a_list_is_free()
    {
        await using var bench = Folder();
        await SayAsync(bench, "worklist_add", """{"items":[{"kind":"thing"}]}""");
        await SayAsync(bench, "check_reference", """{"kind":"link","target":"b.md","from":"a.md"}""");
        await SayAsync(bench, "record_finding", """{"reference":"b.md","page":"a.md","status":"ok"}""");
        await SayAsync(bench, "worklist_references", """{"page":"a.md"}""");
    }

    [Fact]
    public async Task A_fork_may_finish_what_was_in_hand_and_looks_the_rest_up()
    {
        await using var bench = Folder();
        PastCall[] past =
        [
            new("worklist_files", """{"kind":"page","pattern":"*.md"}""", """{"files":2,"added":2,"pending":2}"""),
            new("worklist_next", "", """{"done":false,"item":{"kind":"page","path":"a.md"},"taken":1,"pending":1}"""),
            new("worklist_references", """{"page":"a.md"}""", """{"references":2,"added":2,"pending":3}"""),
            new("worklist_next", "{}", """{"done":false,"item":{"kind":"page","path":"b.md"},"taken":2,"pending":2}"""),
        ];
        async Task<string> ForkAsync(string tool, string arguments, string key) => Assert.IsType<ToolRun.Replied>(await bench.RunAsync(
            tool, arguments, key, run: "fork", inherited: (_, _) => Task.FromResult<IReadOnlyList<PastCall>>(past))).Reply.Content;

        Assert.Equal("""{"references":0,"added":0,"pending":2}""", await ForkAsync("worklist_references", """{"page":"b.md"}""", "f1"));
        Assert.Equal("""{"done":false,"item":{"kind":"link","target":"b.md","from":"a.md"},"taken":3,"pending":1}""", await ForkAsync("worklist_next", "{}", "f2"));
    }

    [Theory]
    [InlineData("a.md", """{"path":"a.md","size":39,"heading":"A \"title\""}""")]
    [InlineData("src.txt", """{"path":"src.txt","size":8,"heading":"a b"}""")]
    [InlineData("b.md", """{"path":"b.md","size":8,"heading":"Title"}""")]
    public async Task The_head_of_a_file_is_its_size_and_first_heading(string path, string expected)
    {
        await using var bench = Folder();
        Assert.Equal(expected, await SayAsync(bench, "file_head", $$"""{"path":"{{path}}"}"""));
    }

    async Task InHandAsync(ToolBench bench)
    {
        await SayAsync(bench, "worklist_references", """{"page":"a.md"}""");
        await SayAsync(bench, "worklist_next", "{}");
    }

    static ToolBench Folder()
    {
        var bench = new ToolBench();
        bench.Write("a.md", "# A \"title\"\n[x](b.md) and [y](lost.md)\n");
        bench.Write("b.md", "# Title\n");
        bench.Write("src.txt", "\n a\tb \n\n");
        return bench;
    }

    async Task<string> SayAsync(ToolBench bench, string tool, string arguments)
    {
        var reply = await bench.ReplyAsync(tool, arguments, $"key-{++_key}");
        Assert.False(reply.IsError, reply.Content);
        return reply.Content;
    }

    async Task<string> RefusedAsync(ToolBench bench, string tool, string arguments)
    {
        var reply = await bench.ReplyAsync(tool, arguments, $"key-{++_key}");
        Assert.True(reply.IsError, reply.Content);
        return reply.Content;
    }
}
