using System.ComponentModel;
using Agents.Contracts.Effects;
using Agents.Contracts.Work;
using Agents.Tools;
using Agents.Tools.Methods;
using Agents.Tools.Running;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Agents.Tests.Tools;

public sealed class MethodAndCatalogueTests
{
    public enum Mood { Calm, Loud }

    public sealed record Person([property: Description("full name")] string Name, int? Age = null, Person? Boss = null);

    public sealed class Kit
    {
        readonly TaskCompletionSource _hanging = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Greeted { get; private set; }

        public Task Hanging => _hanging.Task;

        [AgentTool("greet", Effect = EffectClass.ReadOnly), Description("Greets.")]
        public string Greet([Description("whom")] string name, Mood mood = Mood.Calm, int times = 1) =>
            string.Concat(Enumerable.Repeat(mood == Mood.Loud ? name.ToUpperInvariant() : name, times));

        [AgentTool("hire")]
        public async Task<Person> HireAsync(Person person, ToolInvocation call, CancellationToken cancel)
        {
            await Task.Yield();
            cancel.ThrowIfCancellationRequested();
            Greeted++;
            return person with { Boss = new Person(call.Key) };
        }

        [AgentTool("fail")]
        public static void Fail() => throw new InvalidOperationException("broken inside");

        [AgentTool("hang")]
        public Task HangAsync()
        {
            _hanging.TrySetResult();
            return Task.Delay(Timeout.InfiniteTimeSpan);
        }
    }

    [Fact]
    public async Task A_method_is_described_by_its_signature()
    {
        await using var bench = new ToolBench(methods: new MethodTools().Add(new Kit()));
        var resolved = await bench.ResolveAsync("greet", "hire");
        Assert.Empty(resolved.Problems);
        var greet = resolved.Tools[0];
        Assert.Equal(("Greets.", EffectClass.ReadOnly), (greet.Description, greet.Effect));
        Assert.Equal(EffectClass.AtMostOnce, resolved.Tools[1].Effect);
        var schema = greet.Parameters.GetRawText();
        Assert.Contains("\"description\":\"whom\"", schema);
        Assert.Contains("\"required\":[\"name\"]", schema);
        Assert.Contains("\"full name\"", resolved.Tools[1].Parameters.GetRawText());
        Assert.DoesNotContain("cancel", resolved.Tools[1].Parameters.GetRawText());
    }

    [Fact]
    public async Task A_method_is_called_with_what_the_model_wrote()
    {
        await using var bench = new ToolBench(methods: new MethodTools().Add(new Kit()));
        await bench.ResolveAsync("greet", "hire");
        Assert.Equal("AnnAnn", (await bench.ReplyAsync("greet", """{"name":"Ann","times":2}""")).Content);
        Assert.Equal("ANN", (await bench.ReplyAsync("greet", """{"name":"Ann","mood":"Loud"}""")).Content);
        Assert.True((await bench.ReplyAsync("greet", """{"name":"Ann","mood":"Sad"}""")).IsBadCall);
        Assert.Equal(
            """{"name":"Bé","age":4,"boss":{"name":"key-1","age":null,"boss":null}}""",
            (await bench.ReplyAsync("hire", """{"person":{"name":"Bé","age":4}}""", "key-1")).Content);
    }

    [Fact]
    public async Task A_method_that_threw_after_it_was_allowed_to_act_is_in_doubt()
    {
        await using var bench = new ToolBench(methods: new MethodTools().Add(new Kit()));
        await bench.ResolveAsync("fail");
        var doubt = Assert.IsType<ToolRun.InDoubt>(await bench.RunAsync("fail", "{}"));
        Assert.Contains("broken inside", doubt.Why);
        Assert.IsType<ToolRun.NotStarted>(await bench.RunAsync("fail", "{}", mayAct: () => false));
    }

    [Fact]
    public async Task A_read_that_threw_is_a_fault_that_may_be_tried_again()
    {
        await using var bench = new ToolBench(
            methods: new MethodTools().Add("read", string () => throw new IOException("gone"), EffectClass.ReadOnly));
        await bench.ResolveAsync("read");
        var failed = Assert.IsType<ToolRun.Failed>(await bench.RunAsync("read", "{}"));
        Assert.Equal(("AG5012", false), (failed.Failure.ErrorType, failed.Failure.IsNonRetriable));
    }

    [Fact]
    public async Task A_call_that_was_given_up_cannot_act_later()
    {
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var late = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        var clock = new FakeTimeProvider();
        async Task<string> SlowAsync(ToolInvocation call)
        {
            begun.SetResult();
            await goOn.Task;
            late.SetResult(call.MayAct());
            return "";
        }

        await using var bench = new ToolBench(
            methods: new MethodTools().Add("slow", SlowAsync, EffectClass.Idempotent), clock: clock);
        await bench.ResolveAsync("slow");
        var running = bench.RunAsync("slow", "{}");
        await begun.Task;
        clock.Advance(ToolBench.CallTimeout);
        var failed = Assert.IsType<ToolRun.Failed>(await running);
        Assert.Equal("AG5008", failed.Failure.ErrorType);
        goOn.SetResult();
        Assert.False(await late.Task);
    }

    [Fact]
    public async Task A_hanging_tool_that_was_allowed_to_act_is_in_doubt()
    {
        var clock = new FakeTimeProvider();
        var kit = new Kit();
        await using var bench = new ToolBench(methods: new MethodTools().Add(kit), clock: clock);
        await bench.ResolveAsync("hang");
        var running = bench.RunAsync("hang", "{}");
        await kit.Hanging;
        clock.Advance(ToolBench.CallTimeout);
        Assert.Contains("did not answer", Assert.IsType<ToolRun.InDoubt>(await running).Why);
    }

    [Fact]
    public async Task Cancelling_is_no_outcome()
    {
        await using var bench = new ToolBench(methods: new MethodTools().Add(new Kit()));
        await bench.ResolveAsync("hang");
        using var cancel = new CancellationTokenSource();
        var run = bench.RunAsync("hang", "{}", cancel: cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
    }

    [Fact]
    public async Task A_tool_without_a_probe_cannot_be_reconciled()
    {
        await using var bench = new ToolBench(methods: new MethodTools().Add(new Kit()));
        await bench.ResolveAsync("hire");
        var doubt = Assert.IsType<ToolRun.InDoubt>(await bench.RunAsync(
            "hire", """{"person":{"name":"x"}}""", mode: ActivityMode.Reconcile, gone: true));
        Assert.Contains("no probe", doubt.Why);
    }

    [Fact]
    public async Task Every_form_of_an_entry_is_read()
    {
        await using var bench = new ToolBench();
        var resolved = await bench.ResolveAsync(
            "read_file",
            """{"name":"append","description":"Writes it down.","input_schema":{"type":"object"}}""",
            """{"type":"function","function":{"name":"list_files"}}""");
        Assert.Empty(resolved.Problems);
        Assert.Equal(["read_file", "append", "list_files", "read_artifact"], resolved.Tools.Select(t => t.Name));
        Assert.Equal("Writes it down.", resolved.Tools[1].Description);
        Assert.Equal(EffectClass.AtMostOnce, resolved.Tools[1].Effect);
    }

    [Theory]
    [InlineData("red_file", "AG5001", "did you mean read_file?")]
    [InlineData("""{"description":"x"}""", "AG5002", "tools[0]: \"name\" is missing")]
    [InlineData("""{"name":"append","effect":"ReadOnly"}""", "AG5002", "is AtMostOnce")]
    [InlineData("""{"name":"append","effect":"Maybe"}""", "AG5002", "ReadOnly, Idempotent or AtMostOnce")]
    [InlineData("""{"name":"append","parameters":7}""", "AG5002", "must be a JSON schema")]
    [InlineData("""["x"]""", "AG5002", "an entry is")]
    [InlineData("""{"name":"bad name"}""", "AG5002", "bad name")]
    public async Task A_bad_entry_is_named_with_what_to_do(string entry, string code, string words)
    {
        await using var bench = new ToolBench();
        var problem = Assert.Single((await bench.ResolveAsync(entry)).Problems);
        Assert.Equal(code, problem.Code);
        Assert.Contains(words, problem.Message);
    }

    [Fact]
    public async Task A_pinned_tool_that_this_process_lacks_is_a_fault()
    {
        await using var first = new ToolBench(methods: new MethodTools().Add(new Kit()));
        await first.ResolveAsync("greet");
        await using var second = new ToolBench();
        second.Tools.AddRange(first.Tools);
        var failed = Assert.IsType<ToolRun.Failed>(await second.RunAsync("greet", """{"name":"x"}"""));
        Assert.Equal("AG5001", failed.Failure.ErrorType);
    }

    [Fact]
    public void Every_code_is_described()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Agents.sln")))
        {
            folder = Path.GetDirectoryName(folder)!;
        }

        foreach (var field in typeof(ToolErrors).GetFields())
        {
            var page = Path.Combine(folder, "docs", "errors", $"{field.GetRawConstantValue()}.md");
            Assert.True(File.Exists(page), $"{page} is missing");
        }
    }
}
